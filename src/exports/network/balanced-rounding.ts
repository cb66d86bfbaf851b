import type { QuantizedKernel } from "./quantization.js";

/**
 * Changes a quantized kernel so that the errors of rounding cancel out: in each window of a filter, or among all weights of
 * an output where windows have one weight, they add up to at most half a step. For that, the weights with the largest errors
 * are rounded the other way. Neighboring pixels have similar values, so what matters for the output is the sum of the errors
 * (Guo et al., SQuant: On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation, 2022). It needs no images.
 *
 * @param kernel [windowSize, channels, outputs] or [inputs, outputs]
 * @param quantized is changed in place
 * @param windowSize the number of weights in a window; 1 for dense layers
 * @param limit the greatest magnitude of a quantized weight
 */
export function balanceRounding(
  kernel: Float32Array,
  { values, scales }: QuantizedKernel,
  windowSize: number,
  limit: number,
): void {
  const outputs = scales.length;
  const inputs = values.length / outputs;
  const groupSize = windowSize === 1 ? inputs : windowSize;
  const stride = windowSize === 1 ? outputs : values.length / windowSize;
  const errors = new Float32Array(groupSize);
  const sorted = new Float32Array(groupSize);
  for (let first = 0; first < values.length / groupSize; first++) {
    const scale = scales[first % outputs] ?? 1;
    let sum = 0;
    for (let index = 0, at = first; index < groupSize; index++, at += stride) {
      const error = (values[at] ?? 0) - (kernel[at] ?? 0) / scale;
      errors[index] = error;
      sum += error;
    }
    let steps = Math.abs(Math.round(sum));
    if (steps === 0) continue;
    const direction = Math.sign(sum);
    for (let index = 0; index < groupSize; index++) sorted[index] = direction * (errors[index] ?? 0);
    sorted.sort();
    const least = sorted[groupSize - steps] ?? 0;
    for (let index = 0, at = first; steps > 0 && index < groupSize; index++, at += stride) {
      const changed = (values[at] ?? 0) - direction;
      if (direction * (errors[index] ?? 0) < least || Math.abs(changed) > limit) continue;
      values[at] = changed;
      steps--;
    }
  }
}

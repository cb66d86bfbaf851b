import type { QuantizedKernel } from "./quantization.js";

/** Groups of weights that are read together, because their weights lie beside each other. */
const BLOCK_GROUPS = 64;

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
  const groupSize = windowSize === 1 ? values.length / outputs : windowSize;
  const groups = values.length / groupSize;
  const errors = new Float32Array(BLOCK_GROUPS * groupSize);
  for (let first = 0; first < groups; first += BLOCK_GROUPS) {
    const count = Math.min(BLOCK_GROUPS, groups - first);
    for (let index = 0; index < groupSize; index++) {
      for (let group = 0, at = index * groups + first; group < count; group++, at++) {
        const scale = scales[(first + group) % outputs] ?? 1;
        errors[group * groupSize + index] = (values[at] ?? 0) - (kernel[at] ?? 0) / scale;
      }
    }
    for (let group = 0; group < count; group++) {
      const errorsOfGroup = errors.subarray(group * groupSize, (group + 1) * groupSize);
      const change = changeOf(errorsOfGroup);
      if (change === null) continue;
      let { steps } = change;
      for (let index = 0; steps > 0 && index < groupSize; index++) {
        if (change.direction * (errorsOfGroup[index] ?? 0) < change.leastError) continue;
        const at = index * groups + first + group;
        const changed = (values[at] ?? 0) - change.direction;
        if (Math.abs(changed) > limit) continue;
        values[at] = changed;
        steps--;
      }
    }
  }
}

/** How many weights of a group change, by -direction, and the least error, in that direction, of those. */
function changeOf(
  errors: Float32Array,
): { readonly steps: number; readonly direction: number; readonly leastError: number } | null {
  let sum = 0;
  for (const error of errors) sum += error;
  const steps = Math.abs(Math.round(sum));
  if (steps === 0) return null;
  const direction = Math.sign(sum);
  const directed = errors.map((error) => direction * error);
  // Errors are spread evenly, so that about twice as many as are needed are above this one.
  const likely = directed.filter((error) => error > 0.5 - (2 * steps) / errors.length);
  const sorted = (likely.length >= steps ? likely : directed).sort();
  return { steps, direction, leastError: sorted[sorted.length - steps] ?? 0 };
}

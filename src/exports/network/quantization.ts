import type { ValueRange } from "./activation-ranges.js";

/** real = scale * (quantized - zeroPoint), with quantized values of int8, from -128 to 127. */
export interface AffineQuantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

const LOWEST = -128;
const HIGHEST = 127;
const STEPS = HIGHEST - LOWEST;
/** The greatest magnitude of a quantized weight: symmetric, as the specification of TensorFlow Lite has it. */
const WEIGHT_LIMIT = 127;
/** Keeps the reciprocal of a scale finite where all values are zero. */
const SMALLEST_SCALE = 2 ** -100;

/**
 * The quantization of activations in a range, widened so that zero, with which images are padded, is exact (Jacob et al.,
 * Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, section 3).
 */
export function quantizationOf({ minimum, maximum }: ValueRange): AffineQuantization {
  const low = Math.min(minimum, 0);
  const high = Math.max(maximum, 0);
  const scale = Math.fround(Math.max((high - low) / STEPS, SMALLEST_SCALE));
  const zeroPoint = Math.min(HIGHEST, Math.max(LOWEST, Math.round(LOWEST - low / scale)));
  return { scale, zeroPoint };
}

/** A kernel in int8, with a scale for each output channel and zero points of 0. */
export interface QuantizedKernel {
  /** In the layout of the kernel. */
  readonly values: Int8Array<ArrayBuffer>;
  /** [outputs] */
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * The smallest scale that each output of a kernel may have. With it, the bias fits into 30 bits: a channel whose weights
 * are next to nothing, as sparse training leaves them, would lose its bias otherwise. And products are multiplied by at
 * least 2^-30 on the way to the output: runtimes refuse less, with which no product would count.
 */
export function smallestKernelScales(
  bias: Float32Array,
  inputScale: number,
  outputScale: number,
): Float32Array<ArrayBuffer> {
  const least = outputScale * 2 ** -30;
  return Float32Array.from(bias, (value) => Math.max(Math.abs(value) * 2 ** -30, least) / inputScale);
}

/**
 * Quantizes a kernel symmetrically.
 *
 * @param kernel its last axis is that of the outputs
 * @param limit the greatest magnitude of a quantized weight
 * @param smallest the smallest scale of each output; by default that of normal numbers
 */
export function quantizeKernel(
  kernel: Float32Array,
  outputs: number,
  limit: number = WEIGHT_LIMIT,
  smallest?: Float32Array,
): QuantizedKernel {
  const greatest = new Float64Array(outputs);
  for (let index = 0, output = 0; index < kernel.length; index++) {
    const magnitude = Math.abs(kernel[index] ?? 0);
    if (magnitude > (greatest[output] ?? 0)) greatest[output] = magnitude;
    output = output + 1 === outputs ? 0 : output + 1;
  }
  const scales = Float32Array.from(greatest, (magnitude, output) =>
    Math.max(magnitude / limit, smallest?.[output] ?? 0, SMALLEST_SCALE),
  );
  const values = new Int8Array(kernel.length);
  for (let index = 0, output = 0; index < kernel.length; index++) {
    const quantized = Math.round((kernel[index] ?? 0) / (scales[output] ?? 1));
    values[index] = Math.max(-limit, Math.min(limit, quantized));
    output = output + 1 === outputs ? 0 : output + 1;
  }
  return { values, scales };
}

/** A bias in int32, with the scale of the products that it is added to: that of the input times that of the kernel. */
export function quantizeBias(
  bias: Float32Array,
  inputScale: number,
  kernelScales: Float32Array,
): { readonly values: Int32Array<ArrayBuffer>; readonly scales: Float32Array<ArrayBuffer> } {
  const scales = kernelScales.map((scale) => inputScale * scale);
  const values = new Int32Array(bias.length);
  for (let output = 0; output < bias.length; output++) {
    values[output] = clampInt32(Math.round((bias[output] ?? 0) / (scales[output] ?? 1)));
  }
  return { values, scales: Float32Array.from(scales) };
}

function clampInt32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}

import type { FoldedConvolution } from "./folded-network.js";

/** The weights of a folded convolution or dense layer: the kernel in the layout of TensorFlow, and the bias. */
export interface FoldedWeights {
  /** [kernelSize, kernelSize, channels, filters] or [inputs, units]. */
  readonly kernel: Float32Array<ArrayBuffer>;
  /** [filters] or [units]. */
  readonly bias: Float32Array<ArrayBuffer>;
}

/** The values of a batch normalization's variables, [filters] each. */
export interface NormalizationValues {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly movingMean: Float32Array;
  readonly movingVariance: Float32Array;
  readonly epsilon: number;
}

/**
 * The weights of a convolution that computes what it and the normalization behind it compute together: kernel * s and
 * (bias - mean) * s + beta with s = gamma / sqrt(variance + epsilon), each rounded to float32 once.
 *
 * @param kernel is changed in place
 */
export function foldNormalization(
  { kernel, bias }: FoldedWeights,
  { gamma, beta, movingMean, movingVariance, epsilon }: NormalizationValues,
): FoldedWeights {
  const filters = bias.length;
  const scales = Float64Array.from(
    { length: filters },
    (_, filter) => (gamma[filter] ?? 0) / Math.sqrt((movingVariance[filter] ?? 0) + epsilon),
  );
  for (let index = 0, filter = 0; index < kernel.length; index++) {
    kernel[index] = (kernel[index] ?? 0) * (scales[filter] ?? 0);
    filter = filter + 1 === filters ? 0 : filter + 1;
  }
  const shifted = bias.map(
    (value, filter) => (value - (movingMean[filter] ?? 0)) * (scales[filter] ?? 0) + (beta[filter] ?? 0),
  );
  return { kernel, bias: shifted };
}

/** The kernel of a convolution that reads the channels of its input in reverse order. */
export function reverseInputChannels(
  kernel: Float32Array<ArrayBuffer>,
  { kernelSize, channels, filters }: Pick<FoldedConvolution, "kernelSize" | "channels" | "filters">,
): Float32Array<ArrayBuffer> {
  const reversed = new Float32Array(kernel.length);
  for (let position = 0; position < kernelSize * kernelSize; position++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = (position * channels + channel) * filters;
      const to = (position * channels + channels - 1 - channel) * filters;
      reversed.set(kernel.subarray(from, from + filters), to);
    }
  }
  return reversed;
}

import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import type { ShapeCheck, Size } from "../shape-check.js";
import type { DType } from "../tensor-spec.js";

export interface BatchNormOptions {
  /** Added to the variance before its root is taken. */
  readonly epsilon: number;
  /** True: normalize by this batch's own statistics; false: by the ones given. */
  readonly training: boolean;
  /**
   * How far the given statistics move towards the batch's: 1 - momentum. It is used while training, when
   * outputs 1 and 2 are the moved mean and variance.
   */
  readonly averageFactor?: number;
}

/**
 * `FusedBatchNormV3`: (x - mean) / sqrt(variance + epsilon) * scale + offset for every channel of
 * x [n, h, w, c]. Data may be bf16; scale, offset and statistics [c] are float32.
 *
 * Outputs: 0 the result, 1 mean, 2 variance (moved while training, the variance with Bessel's
 * correction), 3 to 5 reserved for the gradient.
 */
export function fusedBatchNorm(
  graph: GraphBuilder,
  x: Tensor,
  { scale, offset, mean, variance }: BatchNormInputs,
  { epsilon, training, averageFactor = 1 }: BatchNormOptions,
): GraphNode {
  const parameters = [scale, offset, mean, variance];
  return graph.addNode("FusedBatchNormV3", {
    inputs: [x, ...parameters],
    attributes: {
      ...attributes(x.dtype, epsilon, training),
      exponential_avg_factor: { float: training ? averageFactor : 1 },
    },
    outputs: (check) => {
      check.floating("input", x);
      const channels = checkChannels(check, x, parameters);
      const statistic = { dtype: "float32", shape: [channels] } as const;
      // The fifth is a scratch space of a size that the kernel decides.
      const reserve = { dtype: "float32", shape: [null] } as const;
      return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic, statistic, statistic, reserve];
    },
  });
}

export interface BatchNormInputs {
  readonly scale: Tensor;
  readonly offset: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * `FusedBatchNormGradV3`. Outputs: 0 the gradient of x, 1 of scale, 2 of offset.
 *
 * @param reserved while training, outputs 3 to 5 of the forward node; else mean, variance and output 5
 */
export function fusedBatchNormGradient(
  graph: GraphBuilder,
  gradient: Tensor,
  x: Tensor,
  scale: Tensor,
  reserved: readonly [Tensor, Tensor, Tensor],
  { epsilon, training }: BatchNormOptions,
): GraphNode {
  return graph.addNode("FusedBatchNormGradV3", {
    inputs: [gradient, x, scale, ...reserved],
    attributes: attributes(x.dtype, epsilon, training),
    outputs: (check) => {
      check.sameDType("gradient and input", gradient, x);
      const shape = check.sameShape("gradient and input", gradient, x);
      const parameter = { dtype: "float32", shape: scale.shape } as const;
      const unused = { dtype: "float32", shape: [null] } as const;
      return [{ dtype: x.dtype, shape }, parameter, parameter, unused, unused];
    },
  });
}

/** @returns the number of channels that x [n, h, w, c] and every float32 [c] have */
export function checkChannels(check: ShapeCheck, x: Tensor, parameters: readonly Tensor[]): Size {
  const [, , , channels] = check.rank("input", x, 4);
  for (const parameter of parameters) {
    check.dtype("scale, offset, mean and variance", parameter, "float32");
    const [size] = check.rank("scale, offset, mean and variance", parameter, 1);
    check.sameSize("channels of input and parameters", channels, size);
  }
  return channels;
}

function attributes(dtype: DType, epsilon: number, training: boolean): Attributes {
  return {
    T: { type: dtype },
    U: { type: "float32" },
    epsilon: { float: epsilon },
    data_format: { text: "NHWC" },
    is_training: { bool: training },
  };
}

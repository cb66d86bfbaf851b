import type { FillMode } from "../../../core/enumerations.js";
import type { Attributes } from "../../attribute-value.js";
import { VECTOR } from "../../custom-op.js";
import type { GraphBuilder } from "../../graph-builder.js";
import type { GraphNode, Tensor } from "../../graph-node.js";
import { checkTransforms } from "../image.js";
import { type BatchNormInputs, checkChannels } from "../normalization.js";

/** Whether the custom ops normalize x, and compute the gradients of that. */
export function coversBatchNorm(graph: GraphBuilder, x: Tensor): boolean {
  const channels = x.shape[3];
  const fillsVectors = typeof channels === "number" && channels % VECTOR === 0;
  return graph.customOps.has("EspalierBatchNorm") && x.dtype === "bfloat16" && fillsVectors;
}

/**
 * `EspalierBatchStatistics`: mean and variance of each channel of a batch, and the moving ones after the batch.
 *
 * @param x bfloat16 [n, h, w, c]
 * @param moving float32 [c], before this batch
 * @param averageFactor how far they move towards the batch's
 * @returns a node with the outputs mean, variance, moved mean and moved variance, float32 [c]; the last of them with
 *   Bessel's correction, as `FusedBatchNormV3` has it
 */
export function batchStatistics(
  graph: GraphBuilder,
  x: Tensor,
  moving: { readonly mean: Tensor; readonly variance: Tensor },
  averageFactor: number,
): GraphNode {
  return graph.addNode("EspalierBatchStatistics", {
    inputs: [x, moving.mean, moving.variance],
    attributes: { average_factor: { float: averageFactor } },
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      const channels = checkChannels(check, x, [moving.mean, moving.variance]);
      const statistic = { dtype: "float32", shape: [channels] } as const;
      return [statistic, statistic, statistic, statistic];
    },
  });
}

/**
 * `EspalierBatchNorm`: (x - mean) / sqrt(variance + epsilon) * scale + offset for every channel of x, at
 * least 0 where a ReLU follows.
 *
 * @param x bfloat16 [n, h, w, c]
 * @param inputs float32 [c] each
 * @returns of x's type and shape
 */
export function batchNorm(
  graph: GraphBuilder,
  x: Tensor,
  inputs: BatchNormInputs,
  options: NormalizationOptions,
): Tensor {
  const parameters = inOrder(inputs);
  return graph.add("EspalierBatchNorm", {
    inputs: [x, ...parameters],
    attributes: normalizationAttributes(options),
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      checkChannels(check, x, parameters);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

export interface NormalizationOptions {
  /** Added to the variance before its root is taken. */
  readonly epsilon: number;
  readonly relu: boolean;
}

function inOrder({ scale, offset, mean, variance }: BatchNormInputs): readonly Tensor[] {
  return [scale, offset, mean, variance];
}

function normalizationAttributes({ epsilon, relu }: NormalizationOptions): Attributes {
  return { epsilon: { float: epsilon }, relu: { bool: relu } };
}

/**
 * `EspalierBatchNormGrad`: the gradients of `batchNorm` by the batch's own statistics.
 *
 * @param gradient of x's type and shape, with respect to the result
 * @returns a node with the outputs bfloat16 [n, h, w, c], of x, and float32 [c] of scale and of offset
 */
export function batchNormGradient(
  graph: GraphBuilder,
  gradient: Tensor,
  x: Tensor,
  inputs: BatchNormInputs,
  options: NormalizationOptions,
): GraphNode {
  const parameters = inOrder(inputs);
  return graph.addNode("EspalierBatchNormGrad", {
    inputs: [gradient, x, ...parameters],
    attributes: normalizationAttributes(options),
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      check.sameDType("gradient and input", gradient, x);
      const shape = check.sameShape("gradient and input", gradient, x);
      const ofParameter = { dtype: "float32", shape: [checkChannels(check, x, parameters)] } as const;
      return [{ dtype: x.dtype, shape }, ofParameter, ofParameter];
    },
  });
}

/**
 * `EspalierProjectiveTransform`: the same bits as `projectiveTransform`, computed from bytes without widening them first.
 *
 * @param images uint8 [n, height, width, channels]
 * @param transforms float32 [n, 8], the last two of them zeros
 * @returns float32 of the images' shape
 */
export function projectiveTransformOfBytes(
  graph: GraphBuilder,
  images: Tensor,
  transforms: Tensor,
  fillMode: FillMode,
): Tensor {
  return graph.add("EspalierProjectiveTransform", {
    inputs: [images, transforms],
    attributes: { fill_mode: { text: fillMode } },
    outputs: (check) => {
      check.dtype("images", images, "uint8");
      const [count] = check.rank("images", images, 4);
      checkTransforms(check, count, transforms);
      return [{ dtype: "float32", shape: images.shape }];
    },
  });
}

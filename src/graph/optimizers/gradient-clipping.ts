import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { finite, select } from "../ops/comparison.js";
import { float32 } from "../ops/constants.js";
import { add, divide, halfSumOfSquares, maximum, multiply, squareRoot } from "../ops/math.js";

/**
 * Scales all gradients by one factor, so that their norm together is at most `clipNorm` (Pascanu et
 * al., 2013; TensorFlow's `clip_by_global_norm`). Where the norm is not finite every gradient becomes NaN,
 * which the loss shows in the next step, instead of some of them.
 */
export function clipByGlobalNorm(
  graph: GraphBuilder,
  gradients: readonly Tensor[],
  clipNorm: number,
): readonly Tensor[] {
  const norm = globalNorm(graph, gradients);
  const limit = float32(graph, clipNorm);
  const factor = divide(graph, limit, maximum(graph, norm, limit));
  const sound = select(graph, finite(graph, norm), factor, float32(graph, Number.NaN));
  return gradients.map((gradient) => multiply(graph, gradient, sound));
}

/** The Euclidean norm of all gradients as one vector: float32 []. */
export function globalNorm(graph: GraphBuilder, gradients: readonly Tensor[]): Tensor {
  const halves = gradients.map((gradient) => halfSumOfSquares(graph, gradient));
  const half = halves.reduce((total, each) => add(graph, total, each), float32(graph, 0));
  return squareRoot(graph, multiply(graph, half, float32(graph, 2)));
}

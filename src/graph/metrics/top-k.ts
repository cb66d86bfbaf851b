import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast, expandDims, topKIndices } from "../ops/array.js";
import { equal, finite, logicalAnd } from "../ops/comparison.js";
import { all, any, sum } from "../ops/reduction.js";

/**
 * Counts the labels that are among the k greatest logits of their row: int32 []. Of equal logits the lower class counts as
 * greater, so that a network which gives equal logits scores no better than chance. A row with a NaN or infinite logit
 * is wrong. With fewer than k classes, k is their number.
 *
 * @param logits float32 [n, classes]
 * @param labels int32 [n]
 */
export function topKCorrect(graph: GraphBuilder, logits: Tensor, labels: Tensor, k: number): Tensor {
  const ranked = topKIndices(graph, logits, Math.min(k, logits.shape[1] ?? k));
  const found = any(graph, equal(graph, ranked, expandDims(graph, labels, 1)), [1]);
  const sound = all(graph, finite(graph, logits), [1]);
  return sum(graph, cast(graph, logicalAnd(graph, found, sound), "int32"), [0]);
}

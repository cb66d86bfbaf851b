import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { oneHot } from "../ops/array.js";
import { logSoftmax, multiply, negate } from "../ops/math.js";
import { sum } from "../ops/reduction.js";

/**
 * -log softmax(logits)[label] of every picture: float32 logits [n, classes], int32 labels [n] -> [n].
 *
 * Made of plain operations, since TensorFlow's fused one has no deterministic GPU kernel.
 */
export function softmaxCrossEntropy(graph: GraphBuilder, logits: Tensor, labels: Tensor): Tensor {
  const truth = oneHot(graph, labels, logits.shape[1] ?? 0);
  return negate(graph, sum(graph, multiply(graph, truth, logSoftmax(graph, logits)), [1]));
}

import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { oneHot } from "../ops/array.js";
import { float32, float32Vector } from "../ops/constants.js";
import { add, logSoftmax, multiply, negate } from "../ops/math.js";
import { sum } from "../ops/reduction.js";

export interface CrossEntropyOptions {
  /** The part of the target probability that is spread evenly over all classes (Szegedy et al., 2016, section 7). Default 0. */
  readonly labelSmoothing?: number;
  /** How much a sample of each class counts; null or absent: all the same. */
  readonly classWeights?: readonly number[] | null;
}

/**
 * -sum(truth * log softmax(logits)) of every image: float32 logits [n, classes], int32 labels [n] ->
 * [n]. As in Keras, a label's smoothed truth is 1 - smoothing + smoothing / classes, and weights multiply an image's loss.
 *
 * It is made of plain operations, because TensorFlow's fused one has no deterministic GPU kernel.
 */
export function softmaxCrossEntropy(
  graph: GraphBuilder,
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, classWeights = null }: CrossEntropyOptions = {},
): Tensor {
  const classes = logits.shape[1] ?? 0;
  const truth = oneHot(graph, labels, classes);
  const smoothed = labelSmoothing === 0 ? truth : smooth(graph, truth, labelSmoothing, classes);
  const losses = negate(graph, sum(graph, multiply(graph, smoothed, logSoftmax(graph, logits)), [1]));
  if (classWeights === null) return losses;
  const weights = sum(graph, multiply(graph, truth, float32Vector(graph, classWeights)), [1]);
  return multiply(graph, losses, weights);
}

function smooth(graph: GraphBuilder, truth: Tensor, smoothing: number, classes: number): Tensor {
  const kept = multiply(graph, truth, float32(graph, 1 - smoothing));
  return add(graph, kept, float32(graph, smoothing / classes));
}

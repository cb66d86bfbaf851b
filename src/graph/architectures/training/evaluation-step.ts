import { specOf, type Tensor } from "../../graph-node.js";
import { softmaxCrossEntropy } from "../../losses/softmax-cross-entropy.js";
import { topK } from "../../ops/array.js";
import { exponential, logSoftmax } from "../../ops/math.js";
import type { Signature } from "../../saved-model/signature.js";
import type { NetworkGraph } from "../network-graph.js";
import type { StepInputs } from "./step-inputs.js";

/** The number of classes that are kept of every prediction. */
const RANKED_CLASSES = 5;

/**
 * Adds `eval_step`: the cross-entropy of every image, neither smoothed nor weighted, so that runs can be compared, and its
 * likeliest classes with their probabilities.
 */
export function addEvaluationStep(
  { graph }: NetworkGraph,
  { labels, evaluate }: StepInputs,
  logits: Tensor,
): Signature {
  const losses = graph.scope("loss", () => softmaxCrossEntropy(graph, logits, labels));
  const classes = logits.shape[1] ?? RANKED_CLASSES;
  // Classes are ranked by logarithms, which still differ where probabilities are rounded to equal numbers.
  const { values, indices } = topK(graph, logSoftmax(graph, logits), Math.min(RANKED_CLASSES, classes));
  return {
    inputs: { ...evaluate.fed, labels: specOf(labels) },
    outputs: {
      losses: specOf(losses),
      ranked: specOf(indices),
      probabilities: specOf(exponential(graph, values)),
    },
  };
}

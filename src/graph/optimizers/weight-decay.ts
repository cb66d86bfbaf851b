import type { GraphNode, Tensor } from "../graph-node.js";
import { float32 } from "../ops/constants.js";
import { add, multiply, subtract } from "../ops/math.js";
import { assignVariable } from "../ops/variables.js";
import type { Variable } from "../variables.js";
import type { OptimizerContext } from "./update-rule.js";

/** Biases and the scales and shifts of normalization do not decay: decay would not regularize the network. */
export function decays(variable: Variable): boolean {
  return variable.name.endsWith("/kernel");
}

/** The gradient of loss + decay / 2 * value², as PyTorch's Adam and SGD compute it. */
export function addDecay(
  { graph }: OptimizerContext,
  gradient: Tensor,
  value: Tensor,
  weightDecay: number,
): Tensor {
  return add(graph, gradient, multiply(graph, value, float32(graph, weightDecay)));
}

/**
 * variable = value * (1 - learningRate * decay), before the optimizer's own update (Loshchilov and
 * Hutter, 2019, algorithm 2; Keras and PyTorch alike).
 */
export function decayDirectly(
  { graph, learningRate }: OptimizerContext,
  variable: Variable,
  value: Tensor,
  weightDecay: number,
  after: readonly GraphNode[],
): GraphNode {
  const lost = multiply(graph, learningRate, float32(graph, weightDecay));
  const kept = multiply(graph, value, subtract(graph, float32(graph, 1), lost));
  return assignVariable(graph, variable.handle, variable, kept, { after });
}

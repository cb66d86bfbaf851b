import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";

/** `ResourceApplyGradientDescent`: variable -= alpha * delta. */
export function applyGradientDescent(
  graph: GraphBuilder,
  inputs: { readonly variable: Tensor; readonly learningRate: Tensor; readonly gradient: Tensor },
  after: readonly GraphNode[],
): GraphNode {
  const { variable, learningRate, gradient } = inputs;
  return apply(graph, "ResourceApplyGradientDescent", [variable], [learningRate, gradient], after);
}

/**
 * `ResourceApplyKerasMomentum`: accumulator = momentum * accumulator - learningRate * gradient, then
 * variable += accumulator, or with Nesterov's look-ahead += momentum * accumulator - learningRate * gradient.
 */
export function applyKerasMomentum(
  graph: GraphBuilder,
  inputs: {
    readonly variable: Tensor;
    readonly accumulator: Tensor;
    readonly learningRate: Tensor;
    readonly gradient: Tensor;
    readonly momentum: Tensor;
  },
  nesterov: boolean,
  after: readonly GraphNode[],
): GraphNode {
  const { variable, accumulator, learningRate, gradient, momentum } = inputs;
  const numbers = [learningRate, gradient, momentum];
  return apply(graph, "ResourceApplyKerasMomentum", [variable, accumulator], numbers, after, nesterov);
}

/**
 * `ResourceApplyAdam` (Kingma and Ba, 2015, the form before section 2.1): rate = learningRate *
 * sqrt(1 - beta2Power) / (1 - beta1Power), then variable -= rate * m / (sqrt(v) + epsilon).
 */
export function applyAdam(
  graph: GraphBuilder,
  inputs: {
    readonly variable: Tensor;
    readonly m: Tensor;
    readonly v: Tensor;
    readonly beta1Power: Tensor;
    readonly beta2Power: Tensor;
    readonly learningRate: Tensor;
    readonly beta1: Tensor;
    readonly beta2: Tensor;
    readonly epsilon: Tensor;
    readonly gradient: Tensor;
  },
  after: readonly GraphNode[],
): GraphNode {
  const { variable, m, v, beta1Power, beta2Power, learningRate, beta1, beta2, epsilon, gradient } = inputs;
  const numbers = [beta1Power, beta2Power, learningRate, beta1, beta2, epsilon, gradient];
  return apply(graph, "ResourceApplyAdam", [variable, m, v], numbers, after, false);
}

function apply(
  graph: GraphBuilder,
  op: string,
  handles: readonly Tensor[],
  numbers: readonly Tensor[],
  after: readonly GraphNode[],
  nesterov?: boolean,
): GraphNode {
  return graph.addNode(op, {
    inputs: [...handles, ...numbers],
    attributes: {
      T: { type: "float32" },
      ...(nesterov === undefined ? {} : { use_nesterov: { bool: nesterov } }),
    },
    after,
    outputs: (check) => {
      for (const handle of handles) check.dtype("variables", handle, "resource");
      for (const number of numbers) check.dtype("rates and gradient", number, "float32");
      return [];
    },
  });
}

import { numberOf } from "../gradients/node-attributes.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { batchNorm } from "../ops/custom/custom-ops.js";
import { relu } from "../ops/math.js";
import type { LayerRules } from "./layer.js";

export interface ActivationLayer extends LayerRules {
  readonly kind: "ReLU";
}

/** ReLU as a separate layer, where another layer stands between it and the convolution. */
export function reluActivation(name: string): ActivationLayer {
  return {
    name,
    kind: "ReLU",
    outputShape: (input) => input,
    variables: () => [],
    apply: ({ graph }, input: Tensor) => normalizedAndActive(graph, input) ?? relu(graph, input),
  };
}

/**
 * Where the input comes from the custom op for batch normalization: that op once more with ReLU in it. Nothing reads
 * the first one then, so TensorFlow does not run it.
 */
function normalizedAndActive(graph: GraphBuilder, { node }: Tensor): Tensor | null {
  if (node.op !== "EspalierBatchNorm") return null;
  const [x, scale, offset] = [node.input(0), node.input(1), node.input(2)];
  const inputs = { scale, offset, mean: node.input(3), variance: node.input(4) };
  return batchNorm(graph, x, inputs, { epsilon: numberOf(node, "epsilon"), relu: true });
}

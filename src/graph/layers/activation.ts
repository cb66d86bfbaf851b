import { numberOf } from "../gradients/node-attributes.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { batchNorm } from "../ops/custom-ops.js";
import { relu } from "../ops/math.js";
import type { Layer } from "./layer.js";

/** ReLU as a layer of its own, where something stands between it and the convolution. */
export function reluActivation(name: string): Layer {
  return {
    name,
    kind: "ReLU",
    outputShape: (input) => input,
    variables: () => [],
    apply: (input, { graph }) => normalizedAndActive(graph, input) ?? relu(graph, input),
  };
}

/** Where the input comes from our own normalisation: that once more with ReLU in it, and the first has no reader left. */
function normalizedAndActive(graph: GraphBuilder, { node }: Tensor): Tensor | null {
  if (node.op !== "EspalierBatchNorm") return null;
  const [x, scale, offset] = [node.input(0), node.input(1), node.input(2)];
  const inputs = { scale, offset, mean: node.input(3), variance: node.input(4) };
  return batchNorm(graph, x, inputs, { epsilon: numberOf(node, "epsilon"), relu: true });
}

import { relu } from "../ops/math.js";
import type { Layer } from "./layer.js";

/** ReLU as a layer of its own, where something stands between it and the convolution. */
export function reluActivation(name: string): Layer {
  return {
    name,
    kind: "ReLU",
    outputShape: (input) => input,
    variables: () => [],
    apply: (input, { graph }) => relu(graph, input),
  };
}

import type { Tensor } from "../graph-node.js";
import { add } from "../ops/math.js";
import type { LayerRules } from "./layer.js";

export interface AdditionLayer extends LayerRules {
  readonly kind: "Add";
}

/** Adds two inputs of one shape: the shortcut of a residual block (He et al., 2016). */
export function addition(name: string): AdditionLayer {
  return {
    name,
    kind: "Add",
    outputShape: (input) => input,
    variables: () => [],
    apply: ({ graph }, a: Tensor, b: Tensor) => add(graph, a, b),
  };
}

import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { greaterEqual } from "../ops/comparison.js";
import { float32 } from "../ops/constants.js";
import { multiply } from "../ops/math.js";
import type { LayerRules } from "./layer.js";

export interface DropoutLayer extends LayerRules {
  readonly kind: "Dropout";
  /** The fraction of inputs that is dropped while training. */
  readonly rate: number;
}

/**
 * While training, sets a random fraction `rate` of the inputs [n, features] to zero and divides the others by
 * 1 - rate, so that their expectation stays (Srivastava et al., 2014). Otherwise it changes nothing.
 */
export function dropout(name: string, rate: number): DropoutLayer {
  return {
    name,
    kind: "Dropout",
    rate,
    outputShape: (input) => input,
    variables: () => [],
    apply: (pass, input: Tensor) => {
      const { graph } = pass;
      const draw = pass.drawForDropout(input);
      if (draw === null) return input;
      const kept = cast(graph, greaterEqual(graph, draw, float32(graph, rate)), input.dtype);
      const scale = cast(graph, float32(graph, 1 / (1 - rate)), input.dtype);
      return multiply(graph, input, multiply(graph, kept, scale));
    },
  };
}

import { cast } from "../ops/array.js";
import { greaterEqual } from "../ops/comparison.js";
import { float32 } from "../ops/constants.js";
import { multiply } from "../ops/math.js";
import type { Layer } from "./layer.js";

/**
 * While training, zeroes a random fraction `rate` of the inputs [n, features] and divides the rest by
 * 1 - rate, so that their expectation stays (Srivastava et al., 2014); else passes everything on.
 */
export function dropout(name: string, rate: number): Layer {
  return {
    name,
    kind: "Dropout",
    outputShape: (input) => input,
    variables: () => [],
    apply: (input, pass) => {
      const { graph } = pass;
      const draw = pass.drawForDropout(input);
      if (draw === null) return input;
      const kept = cast(graph, greaterEqual(graph, draw, float32(graph, rate)), input.dtype);
      const scale = cast(graph, float32(graph, 1 / (1 - rate)), input.dtype);
      return multiply(graph, input, multiply(graph, kept, scale));
    },
  };
}

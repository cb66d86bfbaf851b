import { reshape } from "../ops/array.js";
import { int32Vector } from "../ops/constants.js";
import { elementCount } from "../tensor-spec.js";
import type { Layer } from "./layer.js";

/** [h, w, c] -> [h * w * c], channels running fastest as in Keras. */
export function flatten(name: string): Layer {
  return {
    name,
    kind: "Flatten",
    outputShape: (input) => [elementCount(input)],
    variables: () => [],
    apply: (input, { graph }) => {
      const [batch = null, ...sizes] = input.shape;
      const features = elementCount(sizes.map((size) => size ?? 0));
      return reshape(graph, input, int32Vector(graph, [-1, features]), [batch, features]);
    },
  };
}

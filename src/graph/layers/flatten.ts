import type { Tensor } from "../graph-node.js";
import { reshape } from "../ops/array.js";
import { int32Vector } from "../ops/constants.js";
import { elementCount } from "../tensor-spec.js";
import type { LayerRules } from "./layer.js";

export interface FlattenLayer extends LayerRules {
  readonly kind: "Flatten";
}

/** [h, w, c] -> [h * w * c]; the channel index changes fastest, as in Keras. */
export function flatten(name: string): FlattenLayer {
  return {
    name,
    kind: "Flatten",
    outputShape: (input) => [elementCount(input)],
    variables: () => [],
    apply: ({ graph }, input: Tensor) => {
      const [batch = null, ...sizes] = input.shape;
      const features = elementCount(sizes.map((size) => size ?? 0));
      return reshape(graph, input, int32Vector(graph, [-1, features]), [batch, features]);
    },
  };
}

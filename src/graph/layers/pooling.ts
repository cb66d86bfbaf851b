import { cast } from "../ops/array.js";
import { maxPool } from "../ops/pooling.js";
import { mean } from "../ops/reduction.js";
import type { Layer } from "./layer.js";

const WINDOW = 2;

/** [h, w, c] -> [h / 2, w / 2, c], rounded down: the greatest value of every 2 x 2 pixels. */
export function maxPooling(name: string): Layer {
  return {
    name,
    kind: "MaxPooling2D",
    outputShape: ([height = 0, width = 0, channels = 0]) => [
      Math.floor(height / WINDOW),
      Math.floor(width / WINDOW),
      channels,
    ],
    variables: () => [],
    apply: (input, { graph }) => maxPool(graph, input, WINDOW),
  };
}

/** [h, w, c] -> [c]: the mean over all pixels, float32 whatever the network's type. */
export function globalAveragePooling(name: string): Layer {
  return {
    name,
    kind: "GlobalAveragePooling2D",
    outputShape: ([, , channels = 0]) => [channels],
    variables: () => [],
    apply: (input, { graph }) => mean(graph, cast(graph, input, "float32"), [1, 2]),
  };
}

import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { maxPool, maxPoolOfPadded, type PoolingWindow, windowCountOf } from "../ops/pooling.js";
import { mean } from "../ops/reduction.js";
import type { LayerRules } from "./layer.js";

export interface MaxPoolingLayer extends LayerRules, PoolingWindow {
  readonly kind: "MaxPooling2D";
}

export interface GlobalAveragePoolingLayer extends LayerRules {
  readonly kind: "GlobalAveragePooling2D";
}

/** [h, w, c] -> the greatest value of each window: h and w as many windows as fit, c unchanged. */
export function maxPooling({ name, ...window }: PoolingWindow & { readonly name: string }): MaxPoolingLayer {
  return {
    name,
    ...window,
    kind: "MaxPooling2D",
    outputShape: ([height = 0, width = 0, channels = 0]) => [
      windowCountOf(height, window),
      windowCountOf(width, window),
      channels,
    ],
    variables: () => [],
    apply: ({ graph, mode }, input: Tensor) =>
      mode.kind === "inference" && mode.isConverted === true
        ? maxPoolOfPadded(graph, input, window)
        : maxPool(graph, input, window),
  };
}

/** [h, w, c] -> [c]: the mean over all pixels, in float32 whatever the network's type. */
export function globalAveragePooling(name: string): GlobalAveragePoolingLayer {
  return {
    name,
    kind: "GlobalAveragePooling2D",
    outputShape: ([, , channels = 0]) => [channels],
    variables: () => [],
    apply: ({ graph }, input: Tensor) => mean(graph, cast(graph, input, "float32"), [1, 2]),
  };
}

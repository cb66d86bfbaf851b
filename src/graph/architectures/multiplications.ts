import { elementCount } from "../tensor-spec.js";
import type { NetworkShape } from "./architecture.js";
import { type ShapedLayer, shapedLayersOf } from "./layer-table.js";

/**
 * Multiplications (each with its addition) that a network needs for one image, in convolutions and dense layers: about
 * 19.6 billion for VGG19 at 224 pixels with 1000 classes. Everything else takes little beside them. Kernels may need
 * fewer, as those by Winograd's method do; padding counts like other pixels.
 */
export function countMultiplications(network: NetworkShape): number {
  return shapedLayersOf(network).reduce((total, layer) => total + multiplicationsOf(layer), 0);
}

function multiplicationsOf({ layer, inputShape, outputShape }: ShapedLayer): number {
  switch (layer.kind) {
    case "Conv2D":
      return elementCount(outputShape) * layer.kernelSize ** 2 * (inputShape.at(-1) ?? 0);
    case "Dense":
      return elementCount(outputShape) * elementCount(inputShape);
    default:
      return 0;
  }
}

import type { Architecture } from "../../core/enumerations.js";
import { convolution } from "../layers/convolution.js";
import type { PlacedLayer } from "../layers/layer-graph.js";
import type { ArchitectureDefinition, NetworkShape } from "./architecture.js";
import { RESNET18, RESNET34, RESNET50 } from "./resnet.js";
import { VGG11, VGG13, VGG16, VGG19 } from "./vgg.js";

/** Every architecture of the product. A definition that lacks its line here fails the compile. */
export const ARCHITECTURES: Readonly<Record<Architecture, ArchitectureDefinition>> = {
  VGG11,
  VGG13,
  VGG16,
  VGG19,
  RESNET18,
  RESNET34,
  RESNET50,
};

/** The layers of a network from image to logits, in an order in which each follows those that it reads. */
export function layersOf(network: NetworkShape): readonly PlacedLayer[] {
  const layers = ARCHITECTURES[network.architecture].layers(network);
  const { layerWidths } = network;
  if (layerWidths == null) return layers;
  return layers.map((placed) => {
    const { layer } = placed;
    const width = Object.hasOwn(layerWidths, layer.name) ? layerWidths[layer.name] : undefined;
    if (layer.kind !== "Conv2D" || width === undefined) return placed;
    return { ...placed, layer: convolution({ ...layer, width }) };
  });
}

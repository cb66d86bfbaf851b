import type { FeatureShape, LayerKind } from "../layers/layer.js";
import { elementCount } from "../tensor-spec.js";
import type { VariableSpec } from "../variables.js";
import { IMAGE_CHANNELS, type VggSpec, vggLayers } from "./vgg.js";

export interface LayerRow {
  readonly name: string;
  readonly kind: LayerKind;
  /** Without the batch axis: [height, width, channels] or [units]. */
  readonly outputShape: FeatureShape;
  /** Elements of the layer's variables, moving statistics included. */
  readonly parameters: number;
}

/** What each layer gives and holds, as Keras's `summary` tabulates it. */
export function layerTable(network: VggSpec): readonly LayerRow[] {
  return layersWithVariables(network).map(({ layer, outputShape, variables }) => ({
    name: layer.name,
    kind: layer.kind,
    outputShape,
    parameters: variables.reduce((total, { shape }) => total + elementCount(shape), 0),
  }));
}

/** The network's variables in Keras's order: by layer, kernel before bias. */
export function networkVariables(network: VggSpec): readonly VariableSpec[] {
  return layersWithVariables(network).flatMap(({ variables }) => variables);
}

function layersWithVariables(network: VggSpec) {
  let shape: FeatureShape = [network.imageSizePixels, network.imageSizePixels, IMAGE_CHANNELS];
  return vggLayers(network).map((layer) => {
    const variables = layer.variables(shape);
    shape = layer.outputShape(shape);
    return { layer, outputShape: shape, variables };
  });
}

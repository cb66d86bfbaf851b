import type { FeatureShape, LayerKind } from "../layers/layer.js";
import { NETWORK_INPUT, type PlacedLayer, shapesOf } from "../layers/layer-graph.js";
import { elementCount } from "../tensor-spec.js";
import type { VariableSpec } from "../variables.js";
import type { NetworkShape } from "./architecture.js";
import { IMAGE_CHANNELS } from "./preprocessing.js";
import { layersOf } from "./registry.js";

export interface LayerRow {
  readonly name: string;
  readonly kind: LayerKind;
  /** The stage that it belongs to, from 1; null: the head. */
  readonly stage: number | null;
  /** Without the batch axis: [height, width, channels] or [units]. */
  readonly outputShape: FeatureShape;
  /** Elements of the layer's variables, moving statistics included. */
  readonly parameters: number;
}

/** The output and the size of each layer, as in the table of Keras's `summary`. */
export function layerTable(network: NetworkShape): readonly LayerRow[] {
  return shapedLayersOf(network).map(({ layer, stage, outputShape, variables }) => ({
    name: layer.name,
    kind: layer.kind,
    stage,
    outputShape,
    parameters: variables.reduce((total, { shape }) => total + elementCount(shape), 0),
  }));
}

/** The network's variables in Keras's order: by layer, kernel before bias. */
export function networkVariables(network: NetworkShape): readonly VariableSpec[] {
  return shapedLayersOf(network).flatMap(({ variables }) => variables);
}

/** A layer with what follows from the shape of its input. */
export interface ShapedLayer extends PlacedLayer {
  readonly inputShape: FeatureShape;
  readonly outputShape: FeatureShape;
  readonly variables: readonly VariableSpec[];
}

export function shapedLayersOf(network: NetworkShape): readonly ShapedLayer[] {
  const layers = layersOf(network);
  const { imageSizePixels: size } = network;
  const shapes = shapesOf(layers, [size, size, IMAGE_CHANNELS]);
  return layers.map((placed) => {
    const { layer, inputs } = placed;
    const inputShape = shapes.get(inputs[0] ?? NETWORK_INPUT) ?? [];
    const outputShape = shapes.get(layer.name) ?? [];
    return { ...placed, inputShape, outputShape, variables: layer.variables(inputShape) };
  });
}

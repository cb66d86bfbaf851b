import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import type { FoldedLayer, ImageScaling } from "../../../graph/folding/folded-network.js";
import type { FeatureShape } from "../../../graph/layers/layer.js";
import { NETWORK_INPUT } from "../../../graph/layers/layer-graph.js";
import type { JsonObject } from "../../../lang/json.js";
import { type ExportedNetwork, isWeighted, type WeightedLayer } from "../../network/exported-network.js";

/** A layer of a Keras model. */
export interface KerasLayer {
  /** The class in `keras.layers`. */
  readonly className: string;
  readonly name: string;
  /** The arguments of the class, the name excepted. */
  readonly config: JsonObject;
  /** The layers that it reads, by name. */
  readonly inputs: readonly string[];
  /** Without the batch axis. */
  readonly outputShape: FeatureShape;
  readonly outputType: "uint8" | "float32";
  /** The layer that its weights come from; null where it has none. */
  readonly weights: WeightedLayer | null;
}

/** The input of the model. */
export const IMAGES = "images";
/** The output of the model, and the layer that gives it. */
export const PROBABILITIES = "probabilities";
const PREPROCESSING = "preprocessing";

type Description = Pick<KerasLayer, "className" | "name" | "config"> & Partial<KerasLayer>;

/**
 * The layers of the Keras model that computes an exported network, from the images to the probabilities, in the order that
 * Keras gives them.
 */
export function kerasLayersOf(network: ExportedNetwork): readonly KerasLayer[] {
  const layers: KerasLayer[] = [];
  const add = (layer: Description, inputs: readonly string[], outputShape: FeatureShape): string => {
    layers.push({ weights: null, outputType: "float32", ...layer, inputs, outputShape });
    return layer.name;
  };
  const { imageSizePixels: size, scaling } = network;
  const imageShape = [size, size, IMAGE_CHANNELS];
  const input = {
    className: "InputLayer",
    name: IMAGES,
    config: { batch_shape: [null, ...imageShape], dtype: "uint8", sparse: false },
    outputType: "uint8",
  } as const;
  add(input, [], imageShape);
  add(preprocessingOf(scaling), [IMAGES], imageShape);
  /** The layer that gives the value of each folded layer. */
  const givenBy = new Map([[NETWORK_INPUT, PREPROCESSING]]);
  for (const layer of network.layers) {
    let inputs = layer.inputs.map((name) => givenBy.get(name) ?? name);
    const zeros = zerosBefore(layer, network.layers);
    if (zeros > 0) {
      const [height = 0, width = 0, channels = 0] = layer.inputShape;
      const padding = { className: "ZeroPadding2D", name: `${layer.name}_pad`, config: zeroPadding(zeros) };
      inputs = [add(padding, inputs, [height + 2 * zeros, width + 2 * zeros, channels])];
    }
    const weights = isWeighted(layer) ? layer : null;
    let last = add({ ...descriptionOf(layer), name: layer.name, weights }, inputs, layer.outputShape);
    if (layer.operation.kind === "Add" && layer.operation.activation !== "linear") {
      const { activation } = layer.operation;
      const name = `${layer.name}_${activation}`;
      last = add({ className: "Activation", name, config: { activation } }, [last], layer.outputShape);
    }
    givenBy.set(layer.name, last);
  }
  const logits = layers.at(-1);
  const softmax = { className: "Softmax", name: PROBABILITIES, config: { axis: -1 } };
  add(softmax, [logits?.name ?? IMAGES], logits?.outputShape ?? []);
  return inKerasOrder(layers);
}

/** (pixel * factor + offset), by the layer of Keras whose arguments a person knows. */
function preprocessingOf({ factors, offsets }: ImageScaling): Description {
  const name = PREPROCESSING;
  const [factor = 1, ...otherFactors] = factors;
  const [offset = 0, ...otherOffsets] = offsets;
  if (otherFactors.every((other) => other === factor) && otherOffsets.every((other) => other === offset)) {
    return { className: "Rescaling", name, config: { scale: factor, offset } };
  }
  // (pixel - mean) / sqrt(variance)
  const mean = factors.map((each, channel) => -(offsets[channel] ?? 0) / each);
  const variance = factors.map((each) => 1 / each ** 2);
  return { className: "Normalization", name, config: { axis: [-1], mean, variance, invert: false } };
}

/**
 * The zeros that a layer of their own adds on every side. Keras pads "same" as few as it can, and the right and the lower
 * side first, where a stride is larger than 1.
 */
function zerosBefore({ name, inputs, operation }: FoldedLayer, layers: readonly FoldedLayer[]): number {
  if (operation.kind === "Conv2D") return isSame(operation) ? 0 : operation.padding;
  if (operation.kind !== "MaxPooling2D" || operation.padding === 0) return 0;
  const before = layers.find((layer) => layer.name === inputs[0])?.operation;
  // Zeros are never the greatest among values that are not negative.
  if (before !== undefined && "activation" in before && before.activation === "relu")
    return operation.padding;
  throw new Error(`The layer "${name}" pads values that may be negative, which Keras cannot pool.`);
}

function isSame({ kernelSize, stride }: { readonly kernelSize: number; readonly stride: number }): boolean {
  return stride === 1 && kernelSize > 1;
}

const CHANNELS_LAST = { data_format: "channels_last" } as const;

function zeroPadding(zeros: number): JsonObject {
  const sides = [zeros, zeros];
  return { padding: [sides, sides], ...CHANNELS_LAST };
}

function descriptionOf({ operation }: FoldedLayer): Pick<KerasLayer, "className" | "config"> {
  const { kind: className } = operation;
  switch (operation.kind) {
    case "Conv2D": {
      const { filters, kernelSize, stride, activation } = operation;
      return {
        className,
        config: {
          filters,
          kernel_size: [kernelSize, kernelSize],
          strides: [stride, stride],
          padding: isSame(operation) ? "same" : "valid",
          ...CHANNELS_LAST,
          activation,
          use_bias: true,
        },
      };
    }
    case "Dense":
      return {
        className,
        config: { units: operation.units, activation: operation.activation, use_bias: true },
      };
    case "MaxPooling2D": {
      const { window, stride } = operation;
      const sizes = { pool_size: [window, window], strides: [stride, stride] };
      return { className, config: { ...sizes, padding: "valid", ...CHANNELS_LAST } };
    }
    case "Add":
      return { className, config: {} };
    case "GlobalAveragePooling2D":
      return { className, config: { ...CHANNELS_LAST, keepdims: false } };
    case "Flatten":
      return { className, config: CHANNELS_LAST };
  }
}

/**
 * Keras orders the layers of a model by their distance from the output, the farthest first, and those of one distance as a
 * search from the output in depth meets them. The numbers in the names of the groups of weights follow this order
 * (`map_graph` in `keras/src/ops/function.py`).
 */
function inKerasOrder(layers: readonly KerasLayer[]): readonly KerasLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const distances = new Map<string, number>();
  for (const { name, inputs } of layers.toReversed()) {
    const distance = distances.get(name) ?? 0;
    distances.set(name, distance);
    for (const input of inputs) distances.set(input, Math.max(distances.get(input) ?? 0, distance + 1));
  }
  const met = new Map<string, number>();
  const visit = (name: string): void => {
    if (met.has(name)) return;
    met.set(name, met.size);
    for (const input of byName.get(name)?.inputs ?? []) visit(input);
  };
  visit(PROBABILITIES);
  const [distanceOf, metAt] = [
    (name: string) => distances.get(name) ?? 0,
    (name: string) => met.get(name) ?? 0,
  ];
  return layers.toSorted(
    ({ name: one }, { name: other }) => distanceOf(other) - distanceOf(one) || metAt(one) - metAt(other),
  );
}

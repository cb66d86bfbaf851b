import { AppError } from "../../core/app-error.js";
import type { Preprocessing } from "../../core/enumerations.js";
import type { NetworkShape } from "../architectures/architecture.js";
import { type ShapedLayer, shapedLayersOf } from "../architectures/layer-table.js";
import { channelScalingOf } from "../architectures/preprocessing.js";
import type { Activation, FeatureShape } from "../layers/layer.js";
import { NETWORK_INPUT } from "../layers/layer-graph.js";

/** The variables of a batch normalization, by name, and its epsilon. */
export interface FoldedNormalization {
  readonly gamma: string;
  readonly beta: string;
  readonly movingMean: string;
  readonly movingVariance: string;
  readonly epsilon: number;
}

/** A convolution with its bias, its normalization and its activation in one. */
export interface FoldedConvolution {
  readonly kind: "Conv2D";
  /** Height and width of the kernel. */
  readonly kernelSize: number;
  readonly stride: number;
  /** Rows and columns of zeros on every side. */
  readonly padding: number;
  /** Channels of the input. */
  readonly channels: number;
  /** Channels of the output. */
  readonly filters: number;
  readonly activation: Activation;
  /** The variable [kernelSize, kernelSize, channels, filters]. */
  readonly kernel: string;
  /** The variable [filters]; null where there is none before folding. */
  readonly bias: string | null;
  readonly normalization: FoldedNormalization | null;
}

export interface FoldedDense {
  readonly kind: "Dense";
  readonly inputs: number;
  readonly units: number;
  readonly activation: Activation;
  /** The variable [inputs, units]. */
  readonly kernel: string;
  /** The variable [units]. */
  readonly bias: string;
}

export interface FoldedMaxPooling {
  readonly kind: "MaxPooling2D";
  readonly window: number;
  readonly stride: number;
  /** Pixels on every side that are never the greatest. */
  readonly padding: number;
}

/** Adds its two inputs. */
export interface FoldedAddition {
  readonly kind: "Add";
  readonly activation: Activation;
}

export type FoldedOperation =
  | FoldedConvolution
  | FoldedDense
  | FoldedMaxPooling
  | FoldedAddition
  /** The mean over height and width. */
  | { readonly kind: "GlobalAveragePooling2D" }
  /** [h, w, c] -> [h * w * c], the channel index fastest. */
  | { readonly kind: "Flatten" };

export interface FoldedLayer<Operation extends FoldedOperation = FoldedOperation> {
  /** The name of the layer, of which folding keeps the first. */
  readonly name: string;
  /** Folded layers before it, by name, or NETWORK_INPUT: the scaled image. */
  readonly inputs: readonly string[];
  /** The shape of the first input, without the batch axis. */
  readonly inputShape: FeatureShape;
  readonly outputShape: FeatureShape;
  readonly operation: Operation;
}

/**
 * The network as it classifies, in the fewest operations: a batch normalization is a part of the convolution before it, an
 * activation is a part of the layer before it, and dropout is left out. The last layer gives the logits. It describes
 * every export, whatever the format.
 *
 * @throws AppError `GRAPH_INVALID` for a layer that cannot be folded, because others read the value before it as well
 */
export function foldNetwork(network: NetworkShape): readonly FoldedLayer[] {
  const layers = shapedLayersOf(network);
  const readers = new Map<string, number>();
  for (const { inputs } of layers) {
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const folded = new Map<string, FoldedLayer>();
  /** The folded layer that gives the value of each layer. */
  const givenBy = new Map<string, string>([[NETWORK_INPUT, NETWORK_INPUT]]);
  const giverOf = (name: string): string => givenBy.get(name) ?? name;

  for (const placed of layers) {
    const { layer, inputs, inputShape, outputShape } = placed;
    const sources = inputs.map(giverOf);
    const [before = NETWORK_INPUT] = inputs;
    const previous = folded.get(giverOf(before));
    if (layer.kind === "Dropout") {
      givenBy.set(layer.name, giverOf(before));
    } else if (layer.kind === "BatchNormalization" || layer.kind === "ReLU") {
      const merged = readers.get(before) === 1 && previous !== undefined ? absorb(previous, placed) : null;
      if (merged === null) throw notFoldable(placed);
      folded.set(merged.name, merged);
      givenBy.set(layer.name, merged.name);
    } else {
      const operation = operationOf(placed);
      folded.set(layer.name, { name: layer.name, inputs: sources, inputShape, outputShape, operation });
      givenBy.set(layer.name, layer.name);
    }
  }
  return [...folded.values()];
}

/** The layer with a normalization or an activation behind it; null where it cannot take it in. */
function absorb(previous: FoldedLayer, { layer }: ShapedLayer): FoldedLayer | null {
  const { operation } = previous;
  if (!("activation" in operation) || operation.activation !== "linear") return null;
  if (layer.kind === "ReLU") return { ...previous, operation: { ...operation, activation: "relu" } };
  if (layer.kind !== "BatchNormalization") return null;
  if (operation.kind !== "Conv2D" || operation.normalization !== null) return null;
  const { name, epsilon } = layer;
  const normalization = {
    gamma: `${name}/gamma`,
    beta: `${name}/beta`,
    movingMean: `${name}/moving_mean`,
    movingVariance: `${name}/moving_variance`,
    epsilon,
  };
  return { ...previous, operation: { ...operation, normalization } };
}

function operationOf(placed: ShapedLayer): FoldedOperation {
  const { layer, inputShape } = placed;
  const channels = inputShape.at(-1) ?? 0;
  switch (layer.kind) {
    case "Conv2D": {
      const { name, kernelSize, stride, width, activation, useBias } = layer;
      return {
        kind: "Conv2D",
        kernelSize,
        stride,
        padding: (kernelSize - 1) / 2,
        channels,
        filters: width,
        activation,
        kernel: `${name}/kernel`,
        bias: useBias ? `${name}/bias` : null,
        normalization: null,
      };
    }
    case "Dense": {
      const { name, width, activation } = layer;
      const variables = { kernel: `${name}/kernel`, bias: `${name}/bias` };
      return { kind: "Dense", inputs: channels, units: width, activation, ...variables };
    }
    case "MaxPooling2D": {
      const { window, stride, padding } = layer;
      return { kind: "MaxPooling2D", window, stride, padding };
    }
    case "Add":
      return { kind: "Add", activation: "linear" };
    case "GlobalAveragePooling2D":
    case "Flatten":
      return { kind: layer.kind };
    default:
      throw notFoldable(placed);
  }
}

function notFoldable({ layer, inputs }: ShapedLayer): AppError {
  return new AppError(
    "GRAPH_INVALID",
    `The layer "${layer.name}" (${layer.kind}) cannot become a part of "${inputs.join('", "')}".`,
  );
}

/** The scaling of an exported image, red first: pixel * factor + offset. */
export interface ImageScaling {
  readonly factors: readonly number[];
  readonly offsets: readonly number[];
}

/** Exports read red first; where the network reads blue first, their first convolution has its channels reversed. */
export function imageScalingOf(preprocessing: Preprocessing): ImageScaling {
  const { reversesChannels, factors, offsets } = channelScalingOf(preprocessing);
  if (!reversesChannels) return { factors, offsets };
  return { factors: factors.toReversed(), offsets: offsets.toReversed() };
}

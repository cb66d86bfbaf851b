import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import { isJsonObject, type JsonObject } from "../../../lang/json.js";
import { printable } from "../invalid-weights.js";

/** What a layer of a Keras model computes in inference. A layer with an activation computes two operations. */
export type KerasOperation = { readonly layer: string } & Operation;

type Operation =
  | {
      readonly kind: "convolution";
      readonly text: string;
      readonly useBias: boolean;
      /** Zeros that the layer adds on every side; "same" adds as many as keep the size. */
      readonly padding: "same" | "valid";
      readonly kernelSize: number;
      readonly stride: number;
    }
  | {
      readonly kind: "normalization";
      readonly text: string;
      readonly epsilon: number;
      /** Whether it has a beta. */
      readonly center: boolean;
      /** Whether it has a gamma. */
      readonly scale: boolean;
    }
  | { readonly kind: "pooling"; readonly text: string; readonly padding: string }
  | { readonly kind: "zeroPadding"; readonly text: string; readonly zeros: number }
  | {
      readonly kind: "rescaling";
      readonly text: string;
      /** By channel: value * factor + offset. */
      readonly factors: readonly number[];
      readonly offsets: readonly number[];
    }
  | { readonly kind: "dense"; readonly text: string }
  | { readonly kind: "relu" | "softmax" | "flatten" | "globalPooling" | "other"; readonly text: string };

/** Layers that change nothing in inference. */
const INACTIVE: ReadonlySet<string> = new Set([
  "InputLayer",
  "Dropout",
  "SpatialDropout2D",
  "AlphaDropout",
  "GaussianDropout",
  "GaussianNoise",
  "ActivityRegularization",
  "RandomFlip",
  "RandomRotation",
  "RandomZoom",
  "RandomTranslation",
  "RandomContrast",
  "RandomBrightness",
  "RandomCrop",
  "Resizing",
  "CenterCrop",
]);

/** Written for messages, and compared: two operations with the same text compute the same. */
export const RELU_TEXT = "ReLU";
export const NORMALIZATION_TEXT = "batch normalization of the last axis";

export function convolutionText(kernelSize: number, stride: number): string {
  return `a convolution of ${kernelSize} x ${kernelSize} with stride ${stride} and padding on every side`;
}

export function poolingText(window: number, stride: number): string {
  return `max pooling of ${window} x ${window} with stride ${stride}`;
}

/** @param description a layer in the configuration of a model */
export function* operationsOf(layer: string, description: JsonObject): Generator<KerasOperation> {
  const className = printable(String(description.class_name));
  if (INACTIVE.has(className)) return;
  const config = isJsonObject(description.config) ? description.config : {};
  if (className !== "Activation") yield { layer, ...operationOf(className, config) };
  if (config.activation !== undefined) yield* activationOf(layer, config.activation);
}

function operationOf(className: string, config: JsonObject): Operation {
  const channelsFirst = config.data_format === "channels_first";
  const other: Operation = { kind: "other", text: `computes ${className}` };
  if (channelsFirst) return { kind: "other", text: "has its channels first" };
  switch (className) {
    case "Conv2D":
      return convolutionOf(config);
    case "BatchNormalization":
      return normalizationOf(config);
    case "ReLU":
      return isPlainRelu(config)
        ? { kind: "relu", text: RELU_TEXT }
        : { kind: "other", text: "computes another ReLU" };
    case "Softmax":
      return { kind: "softmax", text: "softmax" };
    case "MaxPooling2D": {
      const window = squareOf(config.pool_size);
      const stride = config.strides === null ? window : squareOf(config.strides);
      if (window === null || stride === null) return other;
      return {
        kind: "pooling",
        text: poolingText(window, stride),
        padding: printable(String(config.padding)),
      };
    }
    case "ZeroPadding2D": {
      const zeros = evenPaddingOf(config.padding);
      return zeros === null
        ? other
        : { kind: "zeroPadding", text: `adds ${zeros} zeros on every side`, zeros };
    }
    case "Rescaling":
      return rescalingOf(byChannel(config.scale), byChannel(config.offset)) ?? other;
    case "Normalization":
      return fixedNormalizationOf(config) ?? other;
    case "GlobalAveragePooling2D":
      return { kind: "globalPooling", text: "global average pooling" };
    case "Flatten":
      return { kind: "flatten", text: "flattens" };
    case "Dense":
      return { kind: "dense", text: "a dense layer" };
    default:
      return other;
  }
}

function convolutionOf(config: JsonObject): Operation {
  const [kernelSize, stride] = [squareOf(config.kernel_size), squareOf(config.strides)];
  const [dilation, groups] = [squareOf(config.dilation_rate ?? 1), config.groups ?? 1];
  if (kernelSize === null || stride === null)
    return { kind: "other", text: "computes a convolution that is not square" };
  if (dilation !== 1) return { kind: "other", text: "computes a dilated convolution" };
  if (groups !== 1) return { kind: "other", text: "computes a convolution in groups" };
  const padding = config.padding === "same" ? "same" : "valid";
  const padded = padding === "same" ? "padding on every side" : "no padding";
  return {
    kind: "convolution",
    text: `a convolution of ${kernelSize} x ${kernelSize} with stride ${stride} and ${padded}`,
    useBias: config.use_bias !== false,
    padding,
    kernelSize,
    stride,
  };
}

function normalizationOf({ axis, epsilon, center, scale, renorm }: JsonObject): Operation {
  if (!isLastAxis(axis))
    return { kind: "other", text: `normalizes the axis ${printable(JSON.stringify(axis) ?? "undefined")}` };
  if (renorm === true) return { kind: "other", text: "computes batch renormalization" };
  if (typeof epsilon !== "number" || !(epsilon > 0)) {
    return { kind: "other", text: `has the epsilon ${printable(JSON.stringify(epsilon) ?? "undefined")}` };
  }
  return {
    kind: "normalization",
    text: NORMALIZATION_TEXT,
    epsilon,
    center: center !== false,
    scale: scale !== false,
  };
}

/** (value - mean) / sqrt(variance), with the figures in the configuration; null for figures that were learned. */
function fixedNormalizationOf({ axis, mean, variance, invert }: JsonObject): Operation | null {
  if (invert === true || !isLastAxis(axis)) return null;
  const [means, variances] = [byChannel(mean), byChannel(variance)];
  const factors = variances?.map((each) => 1 / Math.sqrt(each)) ?? null;
  return rescalingOf(factors, means?.map((each, channel) => -each * (factors?.[channel] ?? 1)) ?? null);
}

function rescalingOf(factors: readonly number[] | null, offsets: readonly number[] | null): Operation | null {
  if (factors === null || offsets === null) return null;
  const text = `multiplies by ${channelsText(factors)} and adds ${channelsText(offsets)}`;
  return { kind: "rescaling", text, factors, offsets };
}

/** A number for each channel of an image, or one for all of them; null for others. */
function byChannel(value: unknown): readonly number[] | null {
  if (typeof value === "number") return new Array<number>(IMAGE_CHANNELS).fill(value);
  if (!Array.isArray(value) || value.length !== IMAGE_CHANNELS) return null;
  const numbers = value.filter((each) => typeof each === "number");
  return numbers.length === IMAGE_CHANNELS ? numbers : null;
}

function channelsText(values: readonly number[]): string {
  const [first, ...others] = values;
  return others.every((other) => other === first) ? String(first) : values.join(", ");
}

function isLastAxis(axis: unknown): boolean {
  const [only, ...others]: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  return others.length === 0 && (only === -1 || only === 3);
}

function* activationOf(layer: string, activation: unknown): Generator<KerasOperation> {
  if (activation === null || activation === "linear") return;
  yield { layer, ...plainActivation(activation) };
}

/** An activation by its name, or as an object with a configuration. */
function plainActivation(activation: unknown): Operation {
  const name = isJsonObject(activation) ? activation.class_name : activation;
  const config = isJsonObject(activation) && isJsonObject(activation.config) ? activation.config : {};
  if (name === "relu" || (name === "ReLU" && isPlainRelu(config))) return { kind: "relu", text: RELU_TEXT };
  if (name === "softmax" || name === "Softmax") return { kind: "softmax", text: "softmax" };
  return {
    kind: "other",
    text: `computes ${typeof name === "string" ? printable(name) : "an activation of its own"}`,
  };
}

function isPlainRelu(config: JsonObject): boolean {
  const { max_value: most = null, negative_slope: slope = 0, threshold = 0 } = config;
  return most === null && (slope === 0 || slope === null) && (threshold === 0 || threshold === null);
}

/** The number of a pair of equal numbers, or of a number alone; null for others. */
function squareOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (!Array.isArray(value) || value.length !== 2 || value[0] !== value[1]) return null;
  const [size] = value as readonly unknown[];
  return typeof size === "number" ? size : null;
}

/** [[top, bottom], [left, right]], all of them equal. */
function evenPaddingOf(value: unknown): number | null {
  if (!Array.isArray(value)) return squareOf(value);
  const sides = value.flat() as readonly unknown[];
  const [first] = sides;
  return typeof first === "number" && sides.every((side) => side === first) ? first : null;
}

import { AppError } from "../../../core/app-error.js";
import type { Preprocessing } from "../../../core/enumerations.js";
import { type ShapedLayer, shapedLayersOf } from "../../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { channelScalingOf } from "../../../graph/architectures/preprocessing.js";
import { ARCHITECTURES } from "../../../graph/architectures/registry.js";
import { imageScalingOf } from "../../../graph/folding/folded-network.js";
import { quoted } from "../invalid-weights.js";
import type { KerasModel } from "../keras/keras-model.js";
import {
  convolutionText,
  type KerasOperation,
  NORMALIZATION_TEXT,
  poolingText,
  RELU_TEXT,
} from "../keras/keras-operations.js";
import { variantsOf } from "./recognized-network.js";
import { describeArchitecture } from "./source-network.js";

type NormalizationOperation = Extract<KerasOperation, { kind: "normalization" }>;

/** A Keras model whose operations are those of a network. */
export interface RecognizedChain {
  readonly network: NetworkSpec;
  /** The number of its convolutions, those of the head excepted. */
  readonly convolutions: number;
  /** Its batch normalizations, in order; those of the head excepted. */
  readonly normalizations: readonly NormalizationOperation[];
  /** Why its head is of another kind; null: it is one of those known here, or there is none. */
  readonly otherHead: string | null;
  /** Whether its first convolution reads the channels of an image in the opposite order to that of the network. */
  readonly reversesChannels: boolean;
}

/**
 * Recognizes the network that a Keras model computes, by its own configuration.
 *
 * @throws AppError `WEIGHTS_MISMATCH` that names the first layer that computes something else
 */
export function recognizeChain({ operations }: KerasModel, network: NetworkSpec): RecognizedChain {
  const scaling = scalingOf(operations, network.preprocessing);
  const merged = mergePadding(scaling === null ? operations : operations.slice(1));
  const candidates = variantsOf(network).filter(({ architecture }) => ARCHITECTURES[architecture].inKeras);
  const results = candidates.map((candidate) => compare(merged, candidate));
  const found = results.find(({ problem }) => problem === null);
  if (found === undefined) throw mismatch(closest(results, operations, network));
  const { candidate, matched } = found;
  const stages = merged.slice(0, matched);
  return {
    network: candidate,
    convolutions: stages.filter(({ kind }) => kind === "convolution").length,
    normalizations: stages.filter(
      (operation): operation is NormalizationOperation => operation.kind === "normalization",
    ),
    otherHead: headProblem(merged.slice(matched)),
    reversesChannels: scaling?.reversesChannels ?? false,
  };
}

/** More than any network here has. */
const MAX_OPERATIONS = 1000;

/** How far the operations of a model are those of a network. */
interface Comparison {
  readonly candidate: NetworkSpec;
  /** Operations that agree. */
  readonly matched: number;
  /** The first operation that does not, and what the network computes there; null: all stages agree. */
  readonly problem: { readonly found: KerasOperation | undefined; readonly expected: string } | null;
}

/** The operations that may follow the last stage. */
const HEAD_STARTS: ReadonlySet<KerasOperation["kind"]> = new Set([
  "flatten",
  "globalPooling",
  "normalization",
  "dense",
  "softmax",
]);

function compare(operations: readonly KerasOperation[], candidate: NetworkSpec): Comparison {
  const expected = shapedLayersOf(candidate).flatMap((layer) => (layer.stage === null ? [] : textsOf(layer)));
  for (const [index, { text, evenInput }] of expected.entries()) {
    const found = operations[index];
    if (found === undefined || textOf(found, evenInput) !== text) {
      return { candidate, matched: index, problem: { found, expected: text } };
    }
  }
  const next = operations[expected.length];
  const ends = next === undefined || startsHead(next);
  const problem = ends ? null : { found: next, expected: "the head" };
  return { candidate, matched: expected.length, problem };
}

/** The same for layers of Keras that no head here has. */
const OTHER_HEAD_STARTS: ReadonlySet<string> = new Set(
  [
    "GlobalMaxPooling2D",
    "AveragePooling2D",
    "LayerNormalization",
    "GroupNormalization",
    "UnitNormalization",
    "RMSNormalization",
    "Reshape",
  ].map((className) => `computes ${className}`),
);

function startsHead(operation: KerasOperation): boolean {
  const { kind, text } = operation;
  if (operation.kind === "convolution") return operation.kernelSize === 1;
  return HEAD_STARTS.has(kind) || OTHER_HEAD_STARTS.has(text);
}

function textsOf({ layer, inputShape }: ShapedLayer): readonly { text: string; evenInput: boolean }[] {
  const [height = 0] = inputShape;
  const evenInput = height % 2 === 0;
  switch (layer.kind) {
    case "Conv2D": {
      const text = convolutionText(layer.kernelSize, layer.stride);
      const relu = layer.activation === "relu" ? [RELU_TEXT] : [];
      return [text, ...relu].map((each) => ({ text: each, evenInput }));
    }
    case "BatchNormalization":
      return [{ text: NORMALIZATION_TEXT, evenInput }];
    case "ReLU":
      return [{ text: RELU_TEXT, evenInput }];
    case "MaxPooling2D":
      return [{ text: poolingText(layer.window, layer.stride), evenInput }];
    default:
      return [{ text: layer.kind, evenInput }];
  }
}

/** Pooling "same" pads an odd size, and is "valid" otherwise. */
function textOf(operation: KerasOperation, evenInput: boolean): string {
  const pads = operation.kind === "pooling" && operation.padding !== "valid" && !evenInput;
  return pads ? `${operation.text} and padding ${operation.padding}` : operation.text;
}

/** Writes zeros that a layer of their own adds as the padding of the convolution behind it, where that is the same. */
function mergePadding(operations: readonly KerasOperation[]): readonly KerasOperation[] {
  return operations.flatMap((operation, index) => {
    const [before, next] = [operations[index - 1], operations[index + 1]];
    if (operation.kind === "zeroPadding" && isPadded(operation, next)) return [];
    if (operation.kind !== "convolution" || !isPadded(before, operation)) return [operation];
    return [{ ...operation, text: convolutionText(operation.kernelSize, operation.stride) }];
  });
}

function isPadded(zeros: KerasOperation | undefined, convolution: KerasOperation | undefined): boolean {
  return (
    zeros?.kind === "zeroPadding" &&
    convolution?.kind === "convolution" &&
    convolution.padding === "valid" &&
    convolution.kernelSize === 2 * zeros.zeros + 1
  );
}

/**
 * The scaling that a model does itself: that of the setting `preprocessing`, for images that have red first.
 *
 * @returns null: it does none
 * @throws AppError `WEIGHTS_MISMATCH` for another scaling
 */
function scalingOf(
  [first]: readonly KerasOperation[],
  preprocessing: Preprocessing,
): { readonly reversesChannels: boolean } | null {
  if (first?.kind !== "rescaling") return null;
  const { factors, offsets } = imageScalingOf(preprocessing);
  if (isClose(first.factors, factors) && isClose(first.offsets, offsets)) {
    return { reversesChannels: channelScalingOf(preprocessing).reversesChannels };
  }
  throw new AppError(
    "WEIGHTS_MISMATCH",
    `The layer ${quoted(first.layer)} of the file ${first.text}, which the run's preprocessing ${preprocessing} does not. ` +
      "Choose the preprocessing that does.",
  );
}

function isClose(values: readonly number[], expected: readonly number[]): boolean {
  return values.every((value, channel) => {
    const wanted = expected[channel] ?? Number.NaN;
    return Math.abs(value - wanted) <= 1e-6 * Math.abs(wanted);
  });
}

/** The network that most operations agree with, normalized if the model is; of equal ones the run's own. */
function closest(
  results: readonly Comparison[],
  operations: readonly KerasOperation[],
  { architecture }: NetworkSpec,
): Comparison | undefined {
  const normalized = operations.some(({ kind }) => kind === "normalization");
  const rankOf = ({ candidate, matched }: Comparison): number =>
    (candidate.batchNormalization === normalized ? MAX_OPERATIONS : 0) +
    matched +
    (candidate.architecture === architecture ? 0.5 : 0);
  return [...results].sort((one, other) => rankOf(other) - rankOf(one))[0];
}

function mismatch(closestOne: Comparison | undefined): AppError {
  const { candidate, problem } = closestOne ?? {};
  if (candidate === undefined || problem === null || problem === undefined)
    throw new Error("Nothing was compared.");
  const { found, expected } = problem;
  const what =
    found === undefined
      ? "The network of the file ends"
      : `The layer ${quoted(found.layer)} of the file ${predicateOf(found)}`;
  return new AppError(
    "WEIGHTS_MISMATCH",
    `${what} where ${describeArchitecture(candidate)} has ${expected}. A run can start only from weights of the same network.`,
  );
}

function predicateOf({ kind, text }: KerasOperation): string {
  return ["other", "zeroPadding", "rescaling", "flatten"].includes(kind) ? text : `computes ${text}`;
}

/** Flattening or pooling, then dense layers with ReLU, of which the last one has none. */
function headProblem(operations: readonly KerasOperation[]): string | null {
  if (operations.length === 0) return null;
  const rest = operations.at(-1)?.kind === "softmax" ? operations.slice(0, -1) : operations;
  const [start, ...layers] = rest;
  const isHead = start?.kind === "flatten" || start?.kind === "globalPooling";
  const wrong = isHead
    ? layers.find(({ kind }, index) => kind !== (index % 2 === 0 ? "dense" : "relu"))
    : start;
  if (wrong !== undefined) return `the layer ${quoted(wrong.layer)} of its head ${predicateOf(wrong)}`;
  const last = layers.at(-1);
  return last?.kind === "relu" ? `the layer ${quoted(last.layer)} of its head computes ReLU last` : null;
}

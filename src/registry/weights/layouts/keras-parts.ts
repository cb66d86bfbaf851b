import { AppError } from "../../../core/app-error.js";
import type { KerasLayer } from "../keras/keras-layer.js";
import { classOfGroup } from "../keras/version-3-layers.js";
import type { RecognizedChain } from "./keras-chain.js";

/** The layers of a Keras file by what they are in a network, each list in the network's order. */
export interface KerasParts {
  readonly convolutions: readonly KerasLayer[];
  /** One behind each convolution, or none. */
  readonly normalizations: readonly KerasLayer[];
  /** Of the head. */
  readonly dense: readonly KerasLayer[];
  /** Other layers of the head. */
  readonly ignored: readonly KerasLayer[];
  /** Layers that no network here has. */
  readonly unknown: readonly KerasLayer[];
  /** Why its head is of another kind; null: it is one of those known here, or there is none. */
  readonly otherHead: string | null;
}

type LayerKind = "convolution" | "normalization" | "dense" | "other";

/** The parts of a model whose configuration says where its head starts. */
export function partsOfChain(
  layers: readonly KerasLayer[],
  { convolutions: count, normalizations: described, otherHead }: RecognizedChain,
): KerasParts {
  const convolutions = ofKind(layers, "convolution").slice(0, count);
  const normalizations = ofKind(layers, "normalization").slice(0, described.length);
  const dense = ofKind(layers, "dense");
  const used = new Set([...convolutions, ...normalizations, ...dense]);
  const ignored = layers.filter((layer) => !used.has(layer));
  return { convolutions, normalizations, dense, ignored, unknown: [], otherHead };
}

/**
 * The parts of a model that has no configuration. As many batch normalizations as convolutions are the network's; fewer
 * of them, and those that come later, are of the head.
 *
 * @throws AppError `WEIGHTS_MISMATCH` when the file does not tell the order of the convolutions or their normalizations
 */
export function partsByOrder(layers: readonly KerasLayer[]): KerasParts {
  const convolutions = ofKind(layers, "convolution");
  if (!isOrdered(convolutions)) throw unknownOrder("convolutions");
  const all = ofKind(layers, "normalization");
  const normalizations = networkNormalizations(layers, convolutions, all);
  const ignored = all.filter((layer) => !normalizations.includes(layer));
  const dense = ofKind(layers, "dense");
  return {
    convolutions,
    normalizations,
    dense,
    ignored,
    unknown: ofKind(layers, "other"),
    otherHead: otherHeadOf(dense, ignored),
  };
}

function otherHeadOf(dense: readonly KerasLayer[], ignored: readonly KerasLayer[]): string | null {
  if (ignored.length > 0) return "its head has a normalization";
  return isOrdered(dense) ? null : "the file does not tell the order of its dense layers";
}

function networkNormalizations(
  layers: readonly KerasLayer[],
  convolutions: readonly KerasLayer[],
  all: readonly KerasLayer[],
): readonly KerasLayer[] {
  const batch = all.filter(({ tensors }) => tensors.length === BATCH_NORMALIZATION_TENSORS);
  const models = new Set(convolutions.map(modelOf));
  const beside = batch.filter((layer) => models.has(modelOf(layer)));
  const count = convolutions.length;
  const enough = [beside, batch, all].find((candidates) => candidates.length >= count);
  if (enough === undefined) {
    // In a file that tells the order of all layers, one before the last convolution is not of the head.
    const [last] = convolutions.slice(-1);
    const isWithin = (layer: KerasLayer): boolean =>
      layer.groups === null && last !== undefined && layers.indexOf(layer) < layers.indexOf(last);
    return all.some(isWithin) ? all : [];
  }
  if (!isOrdered(enough) || (enough === beside && !isEven(convolutions, beside)))
    throw unknownOrder("batch normalizations");
  return enough.slice(0, count);
}

/** Gamma, beta, moving mean and moving variance; a layer normalization has two. */
const BATCH_NORMALIZATION_TENSORS = 4;

/** Whether each model inside the model but the last has as many normalizations as convolutions. */
function isEven(convolutions: readonly KerasLayer[], normalizations: readonly KerasLayer[]): boolean {
  const models = [...new Set(convolutions.map(modelOf))];
  const countIn = (model: string, layers: readonly KerasLayer[]): number =>
    layers.filter((layer) => modelOf(layer) === model).length;
  return models
    .slice(0, -1)
    .every((model) => countIn(model, convolutions) === countIn(model, normalizations));
}

/** The model inside the model that has the layer. */
function modelOf({ groups }: KerasLayer): string {
  return groups?.slice(0, -1).join("/") ?? "";
}

/** Whether the file tells the order of the layers: each two are in groups of the same class where their paths part. */
function isOrdered(layers: readonly KerasLayer[]): boolean {
  return layers.every(({ groups }, index) => {
    const before = layers[index - 1]?.groups;
    if (groups === null || before === null || before === undefined) return true;
    const depth = groups.findIndex((name, level) => name !== before[level]);
    return classOfGroup(groups[depth] ?? "") === classOfGroup(before[depth] ?? "");
  });
}

function unknownOrder(what: string): AppError {
  return new AppError(
    "WEIGHTS_MISMATCH",
    `The file does not tell the order of its ${what}, because it has models inside models and no configuration. ` +
      "Save the whole model as .keras.",
  );
}

function ofKind(layers: readonly KerasLayer[], kind: LayerKind): readonly KerasLayer[] {
  return layers.filter((layer) => kindOf(layer) === kind);
}

function kindOf({ tensors }: KerasLayer): LayerKind {
  const ranks = tensors.map(({ shape }) => shape.length);
  if (ranks[0] === 4) return "convolution";
  if (ranks[0] === 2) return "dense";
  return ranks.length > 1 && ranks.every((rank) => rank === 1) ? "normalization" : "other";
}

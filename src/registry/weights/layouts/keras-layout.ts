import { AppError } from "../../../core/app-error.js";
import { HEAD_LAYERS, PREDICTIONS } from "../../../graph/architectures/head.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { ARCHITECTURES, layersOf } from "../../../graph/architectures/registry.js";
import { reverseInputChannels } from "../../../graph/folding/folded-weights.js";
import type { KerasContent } from "../keras/keras-file.js";
import type { KerasLayer } from "../keras/keras-layer.js";
import { constantTensor, type StoredTensor } from "../stored-tensor.js";
import { ImportedOffer, type ImportedVariable, readWhole } from "./imported-variable.js";
import { recognizeChain } from "./keras-chain.js";
import { partsByOrder, partsOfChain } from "./keras-parts.js";
import { type ForeignNormalization, offerNormalization } from "./normalization.js";
import { variantsOf } from "./recognized-network.js";
import { sourceNetworkOf } from "./source-network.js";

/** Keras's default for batch normalization. */
const KERAS_EPSILON = 1e-3;

/**
 * The variables that the layers of a Keras model offer. Its convolutions are told apart by their names where they have
 * the names of Keras's own networks, and by their order otherwise; normalizations are always told apart by their order.
 * The model's own configuration, where the file has it, must describe a network of ours.
 *
 * @param givenEpsilon of normalizations whose epsilon the file does not state; null: Keras's default
 * @throws AppError `WEIGHTS_MISMATCH` for an architecture that Keras does not have, and for a model that computes
 *   something else
 */
export function offerKeras(
  { layers, model }: KerasContent,
  givenEpsilon: number | null,
  network: NetworkSpec,
): ImportedOffer {
  const { architecture } = network;
  if (!ARCHITECTURES[architecture].inKeras) {
    throw new AppError(
      "WEIGHTS_MISMATCH",
      `The weights of ${architecture} are read from files of torchvision or timm (.pth, .safetensors). Received a file ` +
        "of Keras, whose networks have their strides in other convolutions.",
    );
  }
  const chain = model === null ? null : recognizeChain(model, network);
  const parts = chain === null ? partsByOrder(layers) : partsOfChain(layers, chain);
  const { convolutions, normalizations } = parts;
  const normalized = normalizations.length > 0;
  const found = chain?.network ?? withConvolutions(network, convolutions.length, normalized);
  const places = layersOf(found ?? { ...network, batchNormalization: normalized });
  const convolutionPlaces = places.flatMap(({ layer }) => (layer.kind === "Conv2D" ? [layer] : []));
  const normalizationPlaces = places.flatMap(({ layer }) =>
    layer.kind === "BatchNormalization" ? [layer] : [],
  );
  const known = convolutionNames(network);
  const named = chain === null && convolutions.every(({ name }) => known.has(name));
  const placeOf = (index: number): string | undefined =>
    named ? convolutions[index]?.name : convolutionPlaces[index]?.name;

  const widths = new Map(
    convolutions.map(({ tensors }, index) => [placeOf(index) ?? "", tensors[0]?.shape.at(-1) ?? 0]),
  );
  const source = found === null ? null : sourceNetworkOf(found, widths);
  const offer = new ImportedOffer({ source, prefix: null, container: null });
  offer.classNames = model?.classNames ?? null;
  for (const [index, { tensors }] of convolutions.entries()) {
    const [kernel, bias, ...rest] = tensors;
    const place = placeOf(index);
    if (place === undefined || rest.length > 0) {
      for (const tensor of tensors) offer.addUnknown(tensor, "no such convolution");
      continue;
    }
    const reversed = index === 0 && chain?.reversesChannels === true;
    if (kernel !== undefined)
      offer.add(`${place}/kernel`, kernel, reversed ? withReversedChannels(kernel) : {});
    // The bias before a normalization becomes a part of the normalization.
    if (bias !== undefined && index >= normalizations.length) offer.add(`${place}/bias`, bias);
  }
  for (const [index, { tensors }] of normalizations.entries()) {
    const place = normalizationPlaces[index];
    const described = chain?.normalizations[index];
    const ofNormalization = normalizationParts(tensors, described);
    if (place === undefined || ofNormalization === null) {
      const expected = "gamma, beta, moving mean and moving variance of one of the network's layers";
      for (const tensor of tensors) offer.addUnknown(tensor, expected);
      continue;
    }
    const bias = convolutions[index]?.tensors[1];
    const epsilon = described?.epsilon ?? givenEpsilon ?? KERAS_EPSILON;
    if (described === undefined) offer.noteUnstatedEpsilon(givenEpsilon, KERAS_EPSILON);
    offerNormalization(offer, place, { ...ofNormalization, epsilon, bias });
  }
  offer.otherHead = parts.otherHead;
  if (offer.otherHead === null) offerHead(offer, parts.dense);
  for (const { tensors } of parts.ignored) offer.ignored.push(...tensors.map(({ name }) => name));
  for (const { tensors } of parts.unknown) for (const tensor of tensors) offer.addUnknown(tensor);
  return offer;
}

/** The kernel of a first convolution, for images whose channels come in the opposite order. */
function withReversedChannels(kernel: StoredTensor): Pick<ImportedVariable, "read"> {
  const [kernelSize = 0, , channels = 0, filters = 0] = kernel.shape;
  return {
    read: async () => reverseInputChannels(await readWhole(kernel), { kernelSize, channels, filters }),
  };
}

/**
 * The tensors of a batch normalization. A layer without gamma or beta has 1 and 0 in their place; only a configuration
 * tells which of them is there. Null: these are no tensors of one.
 */
function normalizationParts(
  tensors: readonly StoredTensor[],
  described: { readonly scale: boolean; readonly center: boolean } | undefined,
): Pick<ForeignNormalization, "gamma" | "beta" | "mean" | "variance"> | null {
  const { scale, center } = described ?? { scale: true, center: true };
  const rest = [...tensors];
  const [gamma, beta] = [scale ? rest.shift() : undefined, center ? rest.shift() : undefined];
  const [mean, variance, ...others] = rest;
  if (mean === undefined || variance === undefined || others.length > 0) return null;
  return {
    gamma: gamma ?? constantTensor("gamma", mean.shape, 1),
    beta: beta ?? constantTensor("beta", mean.shape, 0),
    mean,
    variance,
  };
}

/** The network of Keras that has so many convolutions; the run's own first. */
function withConvolutions(network: NetworkSpec, count: number, normalized: boolean): NetworkSpec | null {
  const candidates = variantsOf(network)
    .filter(({ architecture }) => ARCHITECTURES[architecture].inKeras)
    .filter(({ batchNormalization }) => batchNormalization === normalized);
  const has = (candidate: NetworkSpec): boolean =>
    layersOf(candidate).filter(({ layer }) => layer.kind === "Conv2D").length === count;
  return candidates.find(has) ?? null;
}

/** The names that Keras gives the convolutions of its networks. */
function convolutionNames(network: NetworkSpec): ReadonlySet<string> {
  const inKeras = variantsOf(network).filter(({ architecture }) => ARCHITECTURES[architecture].inKeras);
  const convolutions = inKeras.flatMap(layersOf).filter(({ layer }) => layer.kind === "Conv2D");
  return new Set(convolutions.map(({ layer }) => layer.name));
}

/** Offers dense layers that have the names of Keras's VGG, or are as many as a head has; others are another kind of head. */
function offerHead(offer: ImportedOffer, layers: readonly KerasLayer[]): void {
  const names = headNames(layers);
  for (const [index, { tensors }] of layers.entries()) {
    const [kernel, bias] = tensors;
    const place = names?.[index];
    if (place === undefined) continue;
    if (kernel !== undefined) offer.add(`${place}/kernel`, kernel);
    if (bias !== undefined) offer.add(`${place}/bias`, bias);
  }
}

function headNames(layers: readonly KerasLayer[]): readonly string[] | null {
  const names = layers.map(({ name }) => name);
  const full: readonly string[] = HEAD_LAYERS.FULLY_CONNECTED;
  if (names.every((name) => full.includes(name))) return names;
  if (names.length === full.length) return full;
  return names.length === 1 ? [PREDICTIONS] : null;
}

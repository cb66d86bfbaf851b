import { AppError } from "../../../core/app-error.js";
import { HEAD_LAYERS, PREDICTIONS } from "../../../graph/architectures/head.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { ARCHITECTURES, layersOf } from "../../../graph/architectures/registry.js";
import type { KerasLayer } from "../keras/keras-layers.js";
import { ImportedOffer } from "./imported-variable.js";
import { offerNormalization } from "./normalization.js";
import { variantsOf } from "./recognized-network.js";

type LayerKind = "convolution" | "normalization" | "dense" | "other";

/** Keras's default for batch normalization. */
const KERAS_EPSILON = 1e-3;

/**
 * The variables that the layers of a Keras model offer. Its convolutions are told apart by their names where they have
 * the names of Keras's own networks, and by their order otherwise; normalizations are always told apart by their order.
 *
 * @param epsilons of its normalizations, in order; null: Keras's default
 * @throws AppError `WEIGHTS_MISMATCH` for an architecture that Keras does not have
 */
export function offerKeras(
  layers: readonly KerasLayer[],
  epsilons: readonly number[] | null,
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
  const offer = new ImportedOffer({ source: null, prefix: null, container: null });
  const ofKind = (kind: LayerKind): KerasLayer[] => layers.filter((layer) => kindOf(layer) === kind);
  const convolutions = ofKind("convolution");
  const normalizations = ofKind("normalization");
  const places = layersOf({ ...network, batchNormalization: normalizations.length > 0 });
  const convolutionPlaces = places.flatMap(({ layer }) => (layer.kind === "Conv2D" ? [layer] : []));
  const normalizationPlaces = places.flatMap(({ layer }) =>
    layer.kind === "BatchNormalization" ? [layer] : [],
  );
  const known = convolutionNames(network);
  const named = convolutions.every(({ name }) => known.has(name));

  for (const [index, { name, tensors }] of convolutions.entries()) {
    const [kernel, bias, ...rest] = tensors;
    const place = named ? name : convolutionPlaces[index]?.name;
    if (place === undefined || rest.length > 0) {
      for (const tensor of tensors) offer.addUnknown(tensor, "no such convolution");
      continue;
    }
    if (kernel !== undefined) offer.add(`${place}/kernel`, kernel);
    // The bias before a normalization becomes a part of the normalization.
    if (bias !== undefined && index >= normalizations.length) offer.add(`${place}/bias`, bias);
  }
  for (const [index, { tensors }] of normalizations.entries()) {
    const place = normalizationPlaces[index];
    const [gamma, beta, mean, variance, ...rest] = tensors;
    if (place === undefined || variance === undefined || rest.length > 0) {
      const expected = "gamma, beta, moving mean and moving variance of one of the network's layers";
      for (const tensor of tensors) offer.addUnknown(tensor, expected);
      continue;
    }
    const bias = convolutions[index]?.tensors[1];
    const epsilon = epsilons?.[index] ?? KERAS_EPSILON;
    offerNormalization(offer, place, { gamma, beta, mean, variance, epsilon, bias });
  }
  offerHead(offer, ofKind("dense"));
  for (const { tensors } of ofKind("other")) for (const tensor of tensors) offer.addUnknown(tensor);
  return offer;
}

/** The names that Keras gives the convolutions of its networks. */
function convolutionNames(network: NetworkSpec): ReadonlySet<string> {
  const inKeras = variantsOf(network).filter(({ architecture }) => ARCHITECTURES[architecture].inKeras);
  const convolutions = inKeras.flatMap(layersOf).filter(({ layer }) => layer.kind === "Conv2D");
  return new Set(convolutions.map(({ layer }) => layer.name));
}

function kindOf({ tensors }: KerasLayer): LayerKind {
  const ranks = tensors.map(({ shape }) => shape.length);
  if (ranks[0] === 4) return "convolution";
  if (ranks[0] === 2) return "dense";
  return ranks.length > 1 && ranks.every((rank) => rank === 1) ? "normalization" : "other";
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

import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import { BATCH_NORMALIZATION_EPSILON } from "../../../graph/layers/batch-normalization.js";
import type { KerasLayer } from "../keras/keras-layers.js";
import { ImportedOffer } from "./imported-variable.js";
import { offerNormalization } from "./normalization.js";
import { convolutionPlaces, DENSE_LAYERS } from "./vgg-places.js";

type LayerKind = "convolution" | "normalization" | "dense" | "other";

/** The names that Keras's own VGG gives its convolutions. */
const CONVOLUTION_NAME = /^block\d+_conv\d+$/;

/**
 * What the layers of a Keras model offer. Its convolutions go by their names where they have those of
 * Keras's VGG, and else, as normalisations always, by their order.
 *
 * @param epsilons of its normalisations, in order; null: Keras's default
 */
export function offerKeras(
  layers: readonly KerasLayer[],
  epsilons: readonly number[] | null,
  network: NetworkSpec,
): ImportedOffer {
  const offer = new ImportedOffer();
  const ofKind = (kind: LayerKind): KerasLayer[] => layers.filter((layer) => kindOf(layer) === kind);
  const convolutions = ofKind("convolution");
  const normalizations = ofKind("normalization");
  const places = convolutionPlaces(network.architecture);
  const named = convolutions.every(({ name }) => CONVOLUTION_NAME.test(name));

  for (const [index, { name, tensors }] of convolutions.entries()) {
    const [kernel, bias, ...rest] = tensors;
    const place = named ? name : places[index]?.convolution;
    if (place === undefined || rest.length > 0) {
      for (const tensor of tensors) offer.addUnknown(tensor, "no such convolution");
      continue;
    }
    if (kernel !== undefined) offer.add(`${place}/kernel`, kernel);
    // Before a normalisation the bias becomes a part of that.
    if (bias !== undefined && index >= normalizations.length) offer.add(`${place}/bias`, bias);
  }
  for (const [index, { tensors }] of normalizations.entries()) {
    const place = places[index]?.normalization;
    const [gamma, beta, mean, variance, ...rest] = tensors;
    if (place === undefined || variance === undefined || rest.length > 0) {
      const expected = "gamma, beta, moving mean and moving variance of one of the network's layers";
      for (const tensor of tensors) offer.addUnknown(tensor, expected);
      continue;
    }
    const bias = convolutions[index]?.tensors[1];
    const epsilon = epsilons?.[index] ?? BATCH_NORMALIZATION_EPSILON;
    offerNormalization(offer, place, { gamma, beta, mean, variance, epsilon, bias });
  }
  offerHead(offer, ofKind("dense"));
  for (const { tensors } of ofKind("other")) for (const tensor of tensors) offer.addUnknown(tensor);
  return offer;
}

function kindOf({ tensors }: KerasLayer): LayerKind {
  const ranks = tensors.map(({ shape }) => shape.length);
  if (ranks[0] === 4) return "convolution";
  if (ranks[0] === 2) return "dense";
  return ranks.length > 1 && ranks.every((rank) => rank === 1) ? "normalization" : "other";
}

/** Three hidden layers or one, or some with the names of Keras's VGG; others are another kind of head. */
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
  const known: readonly string[] = DENSE_LAYERS;
  if (names.every((name) => known.includes(name))) return names;
  if (names.length === DENSE_LAYERS.length) return DENSE_LAYERS;
  return names.length === 1 ? ["predictions"] : null;
}

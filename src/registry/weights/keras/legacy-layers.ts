import type { Hdf5Group } from "../hdf5/hdf5-file.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import type { StoredTensor } from "../stored-tensor.js";
import type { KerasLayer } from "./keras-layer.js";
import { type DescribedLayer, missingWeights, needsWeights } from "./keras-model.js";

/**
 * The layers of Keras's older format: `layer_names`, and for each layer `weight_names`, which are paths below its group.
 * A model inside the model is one layer, whose weights have the names of its own layers. Those that were frozen come
 * last there, so that only the configuration tells the order.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export function legacyLayers(
  model: Hdf5Group,
  described: readonly DescribedLayer[] | null,
): readonly KerasLayer[] {
  const inner = new Map(described?.map(({ name, layers }) => [name, layers]));
  return (model.texts.get("layer_names") ?? []).flatMap((layerName) => {
    const group = model.groups.get(layerName);
    if (group === undefined) throw invalidWeights(`a group for the layer ${quoted(layerName)}`, "none");
    const byOwner = new Map<string, StoredTensor[]>();
    for (const weight of group.texts.get("weight_names") ?? []) {
      const owner = weight.slice(0, Math.max(0, weight.lastIndexOf("/")));
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), tensorAt(group, weight)]);
    }
    const layers = inner.get(layerName) ?? null;
    const owned = layers === null ? [...byOwner] : inOrder(byOwner, layers);
    return owned.map(([owner, tensors]) => ({
      name: owned.length === 1 ? layerName : owner,
      tensors,
      groups: null,
    }));
  });
}

type Owned = readonly [owner: string, tensors: readonly StoredTensor[]];

/** Orders the layers of a model inside the model as its configuration has them. */
function inOrder(
  byOwner: ReadonlyMap<string, readonly StoredTensor[]>,
  layers: readonly DescribedLayer[],
): readonly Owned[] {
  const places = placesOf(layers, []);
  const paths = places.map(({ path }) => path);
  const taken = new Set<number>();
  const placed = [...byOwner].map((owned) => {
    const place = placeOf(owned[0].split("/"), paths);
    if (place === null || (place.isWhole && taken.has(place.index))) {
      throw invalidWeights("weights whose names tell their layers", quoted(owned[0]));
    }
    taken.add(place.index);
    return { owned, index: place.index };
  });
  const missing = places.find(({ layer }, index) => needsWeights(layer) && !taken.has(index));
  if (missing !== undefined) throw missingWeights(missing.layer);
  return placed.sort((one, other) => one.index - other.index).map(({ owned }) => owned);
}

/** A layer, and the names of the models around it with its own. */
interface Place {
  readonly layer: DescribedLayer;
  readonly path: readonly string[];
}

function placesOf(layers: readonly DescribedLayer[], outer: readonly string[]): readonly Place[] {
  return layers.flatMap((layer) => {
    const path = [...outer, layer.name];
    return layer.layers === null ? [{ layer, path }] : placesOf(layer.layers, path);
  });
}

/**
 * The layer to which weights belong: the one whose path agrees with the longest end of theirs. A layer's own parts, such
 * as the projections of an attention, have longer names.
 */
function placeOf(
  owner: readonly string[],
  paths: readonly (readonly string[])[],
): { readonly index: number; readonly isWhole: boolean } | null {
  for (let length = owner.length; length > 0; length--) {
    const scores = paths.map((path) => commonEnd(owner.slice(0, length), path));
    const best = Math.max(0, ...scores);
    if (best === 0) continue;
    const index = scores.indexOf(best);
    // Two layers of one name.
    if (scores.lastIndexOf(best) !== index) return null;
    return { index, isWhole: length === owner.length };
  }
  return null;
}

function commonEnd(one: readonly string[], other: readonly string[]): number {
  let length = 0;
  while (length < one.length && one.at(-1 - length) === other.at(-1 - length) && length < other.length)
    length++;
  return length;
}

function tensorAt(group: Hdf5Group, path: string): StoredTensor {
  const steps = path.split("/");
  const last = steps.pop() ?? "";
  let below: Hdf5Group | undefined = group;
  for (const step of steps) below = below?.groups.get(step);
  const tensor = below?.tensors.get(last);
  if (tensor === undefined) throw invalidWeights(`a tensor at ${quoted(path)}`, "none");
  return tensor;
}

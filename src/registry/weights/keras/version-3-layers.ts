import type { Hdf5Group } from "../hdf5/hdf5-file.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import type { StoredTensor } from "../stored-tensor.js";
import type { KerasLayer } from "./keras-layer.js";
import { type DescribedLayer, missingWeights, needsWeights } from "./keras-model.js";

/**
 * Keras 3 writes `layers/<class>[_<number>]/vars/<position>`: the numbers count a model's layers of one class, in the
 * model's order. A model inside the model is a layer with `layers` of its own. Other weights, such as those of an
 * optimizer or the seed of a dropout, are in other groups.
 */
const LAYERS = "layers";
/**
 * The same in the archives of Keras 2.12 to 2.15, some of which count a layer with weights twice. Layers without weights
 * have groups too.
 */
const LAYERS_OF_VERSION_2 = "_layer_checkpoint_dependencies";
const FOLDERS = [LAYERS, LAYERS_OF_VERSION_2];

export function hasLayersOfVersion3({ groups }: Hdf5Group): boolean {
  return FOLDERS.some((folder) => groups.has(folder));
}

/**
 * The layers in the order of their groups' names, which is the model's order only among layers of one class.
 */
export function layersByNumber(model: Hdf5Group, outer: readonly string[] = []): KerasLayer[] {
  return FOLDERS.flatMap((folder) => {
    const layers = [...(model.groups.get(folder)?.groups ?? [])].sort(([one], [other]) =>
      NATURAL_ORDER.compare(one, other),
    );
    return layers.flatMap(([name, layer]) => {
      const groups = [...outer, name];
      return [...ownLayer(name, layer, groups), ...layersByNumber(layer, groups)];
    });
  });
}

/** conv2d, conv2d_2, conv2d_10 */
const NATURAL_ORDER = new Intl.Collator("en", { numeric: true });

/**
 * The layers in the order of the model's configuration.
 *
 * @throws AppError `WEIGHTS_INVALID` for weights of a layer that the configuration lacks, and the reverse
 */
export function layersByConfiguration(
  model: Hdf5Group,
  described: readonly DescribedLayer[],
): readonly KerasLayer[] {
  const folder = FOLDERS.find((name) => model.groups.has(name)) ?? LAYERS;
  const groups = new Map(model.groups.get(folder)?.groups);
  const namesOf = folder === LAYERS ? numberedNames : presentNames(groups);
  const names = new Map<string, Iterator<string, unknown>>();
  const layers = described.flatMap((layer) => {
    const { name, className, layers: below } = layer;
    const prefix = snakeCase(className);
    const namesOfClass = names.get(prefix) ?? namesOf(prefix);
    names.set(prefix, namesOfClass);
    const next = namesOfClass.next();
    const groupName = next.done === true ? "" : next.value;
    const group = groups.get(groupName);
    groups.delete(groupName);
    const found =
      group === undefined
        ? []
        : [...ownLayer(name, group, null), ...(below === null ? [] : layersByConfiguration(group, below))];
    if (found.length === 0 && needsWeights(layer)) throw missingWeights(layer);
    return found;
  });
  for (const [name, group] of groups) {
    if (ownLayer(name, group, null).length === 0 && layersByNumber(group).length === 0) continue;
    throw invalidWeights("weights of the layers that its configuration has", `${quoted(name)} besides`);
  }
  return layers;
}

/** conv2d, conv2d_1, conv2d_2 … */
function* numberedNames(prefix: string): Generator<string> {
  yield prefix;
  for (let number = 1; number <= Number.MAX_SAFE_INTEGER; number++) yield `${prefix}_${number}`;
}

/** The names that there are, in the order of their numbers. */
function presentNames(groups: ReadonlyMap<string, Hdf5Group>): (prefix: string) => Generator<string> {
  const present = [...groups.keys()].sort(NATURAL_ORDER.compare);
  return function* (prefix) {
    for (const name of present) if (classOfGroup(name) === prefix) yield name;
  };
}

/** "conv2d" of "conv2d_2" */
export function classOfGroup(name: string): string {
  return name.replace(/_\d+$/, "");
}

function ownLayer(name: string, group: Hdf5Group, groups: KerasLayer["groups"]): readonly KerasLayer[] {
  const tensors: readonly StoredTensor[] = [...(group.groups.get("vars")?.tensors ?? [])]
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, tensor]) => tensor);
  return tensors.length > 0 ? [{ name, tensors, groups }] : [];
}

/** As Keras names the group of a class: MaxPooling2D is `max_pooling2d`. */
function snakeCase(className: string): string {
  return className
    .slice(className.lastIndexOf(">") + 1)
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

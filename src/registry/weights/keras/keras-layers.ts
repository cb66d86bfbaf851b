import type { Hdf5Group } from "../hdf5/hdf5-file.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import type { StoredTensor } from "../stored-tensor.js";

/** A layer that has weights. */
export interface KerasLayer {
  readonly name: string;
  /** In Keras's order: kernel and bias, or gamma, beta, moving mean and moving variance. */
  readonly tensors: readonly StoredTensor[];
}

/**
 * The layers of a file that Keras wrote, in the model's order.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export function kerasLayersOf(file: Hdf5Group): readonly KerasLayer[] {
  // A complete model in one .h5 has its weights in a separate group.
  const legacy = [file, file.groups.get("model_weights")].find((group) => group?.texts.has("layer_names"));
  const layers = legacy === undefined ? layersOfVersion3(file) : legacyLayers(legacy);
  if (layers.length > 0) return layers;
  throw invalidWeights(
    'the weights of a Keras model: the attribute "layer_names", or groups "layers/<name>/vars"',
    "neither",
  );
}

/** `layer_names`, and for each layer `weight_names`, which are paths below its group. */
function legacyLayers(model: Hdf5Group): KerasLayer[] {
  return (model.texts.get("layer_names") ?? []).flatMap((layerName) => {
    const group = model.groups.get(layerName);
    if (group === undefined) throw invalidWeights(`a group for the layer ${quoted(layerName)}`, "none");
    // A model inside the model is one layer, whose weights have the names of its own layers.
    const byOwner = new Map<string, StoredTensor[]>();
    for (const weight of group.texts.get("weight_names") ?? []) {
      const owner = weight.slice(0, Math.max(0, weight.lastIndexOf("/")));
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), tensorAt(group, weight)]);
    }
    const owned = [...byOwner];
    return owned.map(([owner, tensors]) => ({ name: owned.length === 1 ? layerName : owner, tensors }));
  });
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

/** The folder of layers in Keras 3, and in the archives of Keras 2.12 to 2.15. */
const LAYER_FOLDERS = ["layers", "_layer_checkpoint_dependencies"];

/**
 * `layers/<class>[_<number>]/vars/<position>`: the numbers count a model's layers of one class. Other
 * weights, such as those of an optimizer or the seed of a dropout, are in other groups.
 */
function layersOfVersion3(group: Hdf5Group): KerasLayer[] {
  return LAYER_FOLDERS.flatMap((folder) => {
    const layers = [...(group.groups.get(folder)?.groups ?? [])].sort(([one], [other]) =>
      NATURAL_ORDER.compare(one, other),
    );
    return layers.flatMap(([name, layer]) => {
      const variables = [...(layer.groups.get("vars")?.tensors ?? [])]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([, tensor]) => tensor);
      const own = variables.length > 0 ? [{ name, tensors: variables }] : [];
      // A model inside the model is a layer with layers.
      return [...own, ...layersOfVersion3(layer)];
    });
  });
}

/** conv2d, conv2d_2, conv2d_10 */
const NATURAL_ORDER = new Intl.Collator("en", { numeric: true });

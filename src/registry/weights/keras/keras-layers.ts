import type { Hdf5Group } from "../hdf5/hdf5-file.js";
import { invalidWeights } from "../invalid-weights.js";
import type { KerasLayer } from "./keras-layer.js";
import type { KerasModel } from "./keras-model.js";
import { legacyLayers } from "./legacy-layers.js";
import { hasLayersOfVersion3, layersByConfiguration, layersByNumber } from "./version-3-layers.js";

/**
 * The layers of a file that Keras wrote, in the model's order where the file tells it.
 *
 * @param model as the file's configuration describes it; null: it has none
 * @throws AppError `WEIGHTS_INVALID`
 */
export function kerasLayersOf(file: Hdf5Group, model: KerasModel | null): readonly KerasLayer[] {
  // A complete model in one .h5 has its weights in a separate group.
  const legacy = [file, file.groups.get("model_weights")].find((group) => group?.texts.has("layer_names"));
  if (legacy !== undefined) return notEmpty(legacyLayers(legacy, model?.layers ?? null));
  if (!hasLayersOfVersion3(file)) return notEmpty([]);
  return notEmpty(model === null ? layersByNumber(file) : layersByConfiguration(file, model.layers));
}

function notEmpty(layers: readonly KerasLayer[]): readonly KerasLayer[] {
  if (layers.length > 0) return layers;
  throw invalidWeights(
    'the weights of a Keras model: the attribute "layer_names", or groups "layers/<name>/vars"',
    "neither",
  );
}

import type { JsonObject } from "../../../lang/json.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { IMAGES, type KerasLayer, PROBABILITIES } from "./model-layers.js";

/** The version of Keras whose description of a model this is. Later ones read it too. */
const KERAS_VERSION = "3.15.1";

/** The `metadata.json` of an archive. */
export function metadataOf({ identity }: ExportedNetwork): JsonObject {
  const [date, time] = identity.registeredAt.toISOString().split(/[T.]/);
  return { keras_version: KERAS_VERSION, date_saved: `${date}@${time}` };
}

/**
 * The `config.json` of an archive: a functional model. Keras passes over the field `espalier`, which has the labels in the
 * order of the probabilities, and the origin of the model; it does not write them when it saves the model again.
 */
export function modelConfigOf(network: ExportedNetwork, layers: readonly KerasLayer[]): JsonObject {
  const { classNames, identity } = network;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name: kerasName(identity.modelVersion),
      trainable: true,
      layers: layers.map((layer) => layerConfigOf(layer, byName)),
      input_layers: [IMAGES, 0, 0],
      output_layers: [PROBABILITIES, 0, 0],
    },
    registered_name: "Functional",
    espalier: { labels: classNames, ...identity, registeredAt: identity.registeredAt.toISOString() },
  };
}

function layerConfigOf(layer: KerasLayer, byName: ReadonlyMap<string, KerasLayer>): JsonObject {
  const { className, name, config, inputs } = layer;
  const tensors = inputs.map((input) => tensorConfigOf(byName.get(input) ?? layer));
  // Layers that have several inputs take a list of them.
  const node = { args: tensors.length > 1 ? [tensors] : tensors, kwargs: {} };
  return {
    module: "keras.layers",
    class_name: className,
    // Stated, so that the default type of the reader's Keras does not count.
    config: { name, dtype: "float32", ...config },
    registered_name: null,
    name,
    inbound_nodes: inputs.length === 0 ? [] : [node],
  };
}

function tensorConfigOf({ name, outputShape, outputType }: KerasLayer): JsonObject {
  return {
    class_name: "__keras_tensor__",
    config: { shape: [null, ...outputShape], dtype: outputType, keras_history: [name, 0, 0] },
  };
}

/** A name that TensorFlow accepts for a model: "flowers:3" becomes "flowers-3". */
function kerasName(modelVersion: string): string {
  return modelVersion.replaceAll(/[^A-Za-z0-9_.-]/g, "-").replace(/^[_-]+/, "") || "model";
}

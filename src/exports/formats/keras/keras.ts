import type { ExportPrecision } from "../../../core/enumerations.js";
import { openKerasRuntime } from "../../../engine/runtimes/keras-python.js";
import { foldedVariables } from "../../../graph/folding/folded-graph.js";
import { ExportFile } from "../../files/export-file.js";
import { type Hdf5Tensor, hdf5File } from "../../files/hdf5.js";
import { StoredZip } from "../../files/stored-zip.js";
import type { ExportedNetwork, WeightedLayer } from "../../network/exported-network.js";
import type { ExportFormatDefinition } from "../format.js";
import { metadataOf, modelConfigOf } from "./model-config.js";
import { type KerasLayer, kerasLayersOf } from "./model-layers.js";
import { kerasUsage } from "./usage.js";

/** The archive of Keras 3. `keras.models.load_model` opens it in its safe mode, because it has layers of Keras alone. */
export const KERAS: ExportFormatDefinition = {
  extension: ".keras",
  precisions: ["FLOAT32"],
  write: writeKeras,
  openRuntime: openKerasRuntime,
  usage: kerasUsage,
};

async function writeKeras(
  network: ExportedNetwork,
  _precision: ExportPrecision,
  path: string,
): Promise<void> {
  const layers = kerasLayersOf(network);
  await using file = await ExportFile.create(path);
  const zip = new StoredZip(file, network.identity.registeredAt);
  await zip.add("metadata.json", jsonBytes(metadataOf(network)));
  await zip.add("config.json", jsonBytes(modelConfigOf(network, layers)));
  const weighted = weightedGroups(layers);
  const tensors = weighted.flatMap(({ group, layer }) => tensorsOf(group, layer));
  await zip.add("model.weights.h5", hdf5File(tensors, valuesOf(network, weighted), [MODEL_GROUP]));
  await zip.finish();
  await file.finish();
}

/** The variables of the model itself. It has none, but Keras before 3.10 looks for the group. */
const MODEL_GROUP = ["vars"];

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** The names of the groups that hold the weights of a class; a number is added from the second layer on. */
const GROUP_NAMES = { Conv2D: "conv2d", Dense: "dense" } as const;

interface WeightedGroup {
  readonly group: string;
  readonly layer: WeightedLayer;
}

function weightedGroups(layers: readonly KerasLayer[]): readonly WeightedGroup[] {
  const counts = { Conv2D: 0, Dense: 0 };
  return layers.flatMap(({ weights: layer }) => {
    if (layer === null) return [];
    const { kind } = layer.operation;
    const number = counts[kind]++;
    return [{ group: number === 0 ? GROUP_NAMES[kind] : `${GROUP_NAMES[kind]}_${number}`, layer }];
  });
}

function tensorsOf(group: string, layer: WeightedLayer): readonly Hdf5Tensor[] {
  return foldedVariables(layer).map(({ shape }, index) => ({
    path: ["layers", group, "vars", String(index)],
    shape,
  }));
}

/** The kernel and the bias of each layer, one layer after the other. */
async function* valuesOf(
  network: ExportedNetwork,
  weighted: readonly WeightedGroup[],
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  for (const { layer } of weighted) {
    const { kernel, bias } = await network.weightsOf(layer);
    yield kernel;
    yield bias;
  }
}

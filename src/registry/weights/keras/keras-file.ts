import type { ByteRange } from "../byte-range.js";
import { readHdf5 } from "../hdf5/hdf5-file.js";
import { invalidWeights } from "../invalid-weights.js";
import type { KerasLayer } from "./keras-layer.js";
import { kerasLayersOf } from "./keras-layers.js";
import { type KerasModel, parseKerasModel } from "./keras-model.js";

/** What Keras saved. */
export interface KerasContent {
  readonly layers: readonly KerasLayer[];
  /** The model as its configuration describes it; null where the file has weights only. */
  readonly model: KerasModel | null;
}

const WEIGHTS_ENTRY = "model.weights.h5";
const CONFIG_ENTRY = "config.json";
/** The attribute of a complete model in one .h5. */
const CONFIG_ATTRIBUTE = "model_config";
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/** Whether a zip has an entry that Keras writes. */
export function isKerasZip(names: readonly string[]): boolean {
  return names.includes(WEIGHTS_ENTRY) || names.includes(CONFIG_ENTRY);
}

/** @throws AppError `WEIGHTS_INVALID` */
export async function readKerasHdf5(file: ByteRange): Promise<KerasContent> {
  const root = await readHdf5(file);
  const [config] = root.texts.get(CONFIG_ATTRIBUTE) ?? [];
  const model = config === undefined ? null : parseKerasModel(config);
  return { layers: kerasLayersOf(root, model), model };
}

/** @throws AppError `WEIGHTS_INVALID` */
export async function readKerasArchive(entries: ReadonlyMap<string, ByteRange>): Promise<KerasContent> {
  const [weights, config] = [entries.get(WEIGHTS_ENTRY), entries.get(CONFIG_ENTRY)];
  if (weights === undefined || config === undefined) {
    throw invalidWeights(
      `a zip of torch, with …/data.pkl, or of Keras, with ${WEIGHTS_ENTRY} and ${CONFIG_ENTRY}`,
      "neither",
    );
  }
  if (config.length > MAX_CONFIG_BYTES) {
    throw invalidWeights(`a config.json of at most ${MAX_CONFIG_BYTES} bytes`, `${config.length}`);
  }
  const text = (await config.read(0, config.length, "config.json")).toString("utf8");
  const model = parseKerasModel(text);
  return { layers: kerasLayersOf(await readHdf5(weights), model), model };
}

import { createReadStream } from "node:fs";
import path from "node:path";
import { inputContractOf } from "../../../core/input-contract.js";
import { filesBelow } from "../../../engine/folder-digest.js";
import { tensorflowRuntime } from "../../../engine/runtimes/tensorflow-runtime.js";
import { unpackZip } from "../../../engine/unpack-zip.js";
import { buildFoldedGraph } from "../../../graph/folding/folded-graph.js";
import type { SavedModelGraph } from "../../../graph/saved-model/signature.js";
import { formatManifest, MANIFEST_FILE } from "../../../registry/model-manifest.js";
import { ExportFile } from "../../files/export-file.js";
import { StoredZip } from "../../files/stored-zip.js";
import type { ExportedNetwork } from "../../network/exported-network.js";
import { writeFoldedCheckpoint } from "../../network/folded-checkpoint.js";
import type { ExportFormatDefinition } from "../format.js";
import { formatLabels, LABELS_FILE } from "../labels.js";
import { savedModelUsage } from "./usage.js";

const GRAPH_FILE = "saved_model.pb";
const VARIABLES_FOLDER = "variables";
/** TensorFlow keeps files of others in this folder, and does not read them. */
const EXTRA_FOLDER = "assets.extra";
const CHUNK_BYTES = 1024 * 1024;

/**
 * A zip archive with a folder that TensorFlow opens: the graph, its variables, the names of the classes, one in a line, and
 * `espalier.json` with the names, the input and the origin.
 */
export const SAVED_MODEL: ExportFormatDefinition = {
  extension: ".zip",
  precisions: ["FLOAT32"],
  write: async (network, _precision, file, { engine, workFolder }) => {
    const variables = path.join(workFolder, VARIABLES_FOLDER);
    await writeFoldedCheckpoint(engine, network, variables);
    const graph = buildFoldedGraph(network.spec);
    await using written = await ExportFile.create(file);
    const zip = new StoredZip(written, network.identity.registeredAt);
    const folder = path.basename(file, SAVED_MODEL.extension);
    await zip.add(`${folder}/${GRAPH_FILE}`, graph.bytes);
    await zip.add(`${folder}/${EXTRA_FOLDER}/${LABELS_FILE}`, Buffer.from(formatLabels(network.classNames)));
    await zip.add(`${folder}/${MANIFEST_FILE}`, Buffer.from(manifestOf(network, graph)));
    for (const name of await filesBelow(variables)) {
      const content = createReadStream(path.join(variables, name), { highWaterMark: CHUNK_BYTES });
      await zip.add(`${folder}/${VARIABLES_FOLDER}/${name}`, content);
    }
    await zip.finish();
    await written.finish();
  },
  openRuntime: async (file, { startEngine, network, workFolder }) => {
    const unpacked = path.join(workFolder, "unpacked");
    await unpackZip(file, unpacked);
    const folder = path.join(unpacked, path.basename(file, SAVED_MODEL.extension));
    const { signatures } = buildFoldedGraph(network.spec);
    const engine = await startEngine();
    const session = await engine.openSavedModel(folder, signatures);
    return tensorflowRuntime(engine, session, network.imageSizePixels);
  },
  usage: savedModelUsage,
};

function manifestOf(
  { spec, classNames, identity }: ExportedNetwork,
  { signatures }: SavedModelGraph,
): string {
  const { serving_default } = signatures;
  if (serving_default === undefined) throw new Error("The folded graph has no serving_default.");
  const { dataset, datasetHash, runId, epoch, product, modelVersion, modelVersionId } = identity;
  return formatManifest({
    signatures: { serving_default },
    classNames,
    inputContract: inputContractOf({ ...spec, classCount: classNames.length }),
    network: spec,
    exportedPrecision: "FLOAT32",
    dataset: { ref: dataset, hash: datasetHash },
    run: { id: runId, epoch },
    origin: { product, modelVersion, modelVersionId },
  });
}

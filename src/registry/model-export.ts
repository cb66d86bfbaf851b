import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { inputContractOf } from "../core/input-contract.js";
import { restoreCheckpoint } from "../engine/checkpoints/checkpoint.js";
import { replaceFolder } from "../engine/durable-folder.js";
import type { EngineHost } from "../engine/engine-host.js";
import { digestFolder, type FolderDigest } from "../engine/folder-digest.js";
import { buildServingGraphAside } from "../engine/graph-thread.js";
import type { Session } from "../engine/session.js";
import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import { formatManifest, MANIFEST_FILE, type ModelManifest } from "./model-manifest.js";

export interface ModelExport {
  readonly network: NetworkSpec;
  readonly checkpoint: { readonly folder: string; readonly sha256: string };
  readonly classNames: readonly string[];
  readonly dataset: ModelManifest["dataset"];
  readonly run: ModelManifest["run"];
}

/** The suffix of a folder that is still being written. */
const PARTIAL = ".partial";

/** The precision of every export: converters and many runtimes know no other. Weights are float32 in any precision. */
const EXPORTED_PRECISION = "FLOAT32";

/**
 * Writes the network of a training checkpoint, without the state of the optimizer, as a standard SavedModel that computes
 * in float32: `saved_model.pb`, `variables/variables*` and `espalier.json`. The folder appears complete and synced, or
 * not at all.
 *
 * @param folder must not exist; its parent is created when missing
 * @throws AppError `CHECKPOINT_DAMAGED` when the files of the checkpoint are not those that were recorded
 */
export async function exportModel(
  host: EngineHost,
  model: ModelExport,
  folder: string,
): Promise<FolderDigest> {
  const graph = await buildServingGraphAside({ ...model.network, precision: EXPORTED_PRECISION });
  const temporary = folder + PARTIAL;
  const variables = path.join(temporary, "variables");
  await mkdir(variables, { recursive: true });
  try {
    await using session = await host.openGraph(graph);
    await restoreCheckpoint(session, model.checkpoint.folder, model.checkpoint.sha256);
    // The serving graph has only the variables of the network, so saving from it omits the others.
    const prefix = path.join(variables, "variables");
    await session.run("save", { prefix: { dtype: "string", shape: [], data: [prefix] } });
    await writeFile(path.join(temporary, "saved_model.pb"), graph.bytes);
    const { network, classNames, dataset, run } = model;
    const { serving_default } = graph.signatures;
    if (serving_default === undefined) throw new Error("The serving graph has no serving_default.");
    await writeFile(
      path.join(temporary, MANIFEST_FILE),
      formatManifest({
        signatures: { serving_default },
        classNames,
        inputContract: inputContractOf(network),
        network,
        exportedPrecision: EXPORTED_PRECISION,
        dataset,
        run,
      }),
    );
    const digest = await digestFolder(temporary);
    await replaceFolder(temporary, folder);
    return digest;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Opens an export in the precision of training, so that it classifies exactly as it was evaluated, and as fast as the
 * precision is on the machine. The caller owns the session.
 *
 * @param folder of the export, whose files the caller has checked
 */
export async function openExport(
  host: EngineHost,
  folder: string,
  { network, exportedPrecision, signatures }: ModelManifest,
): Promise<Session> {
  if (exportedPrecision === null || exportedPrecision === network.precision) {
    return host.openSavedModel(folder, signatures);
  }
  const session = await host.openGraph(await buildServingGraphAside(network));
  try {
    await restoreCheckpoint(session, path.join(folder, "variables"));
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

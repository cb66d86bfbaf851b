import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import { checkSameRequest, type Idempotency, idempotencyOf } from "../core/idempotency.js";
import { newId } from "../core/ids.js";
import { inputContractOf } from "../core/input-contract.js";
import { runNotFound } from "../core/runs/not-found.js";
import type { EngineHost } from "../engine/engine-host.js";
import { digestFolder, type FolderDigest } from "../engine/folder-digest.js";
import type { Session } from "../engine/session.js";
import { networkOfRun } from "../graph/architectures/network-spec.js";
import { systemCodeOf, whenMissing } from "../lang/system-errors.js";
import type { Log } from "../telemetry/log.js";
import { exportModel, openExport } from "./model-export.js";
import { MANIFEST_FILE, type ModelManifest, parseManifest } from "./model-manifest.js";
import type { BestCheckpoint, ModelRecord, ModelVersionRecord, TrainedRun } from "./model-records.js";
import { checkAliasName, checkModelName } from "./model-ref.js";
import type { ModelStore } from "./model-store.js";
import { describeAliases } from "./model-version-not-found.js";
import type { TrainedRunStore } from "./trained-run-store.js";

export interface RegisterModelVersion {
  /** Created when it is new. */
  readonly model: string;
  readonly runId: string;
  /** Describes the version. */
  readonly description: string | null;
  readonly idempotencyKey: string | null;
}

export interface SetModelAlias {
  readonly model: string;
  readonly alias: string;
  /** Number of the version; null removes the alias. */
  readonly version: number | null;
}

/** Registers runs as model versions, which are immutable, and moves aliases. */
export class ModelRegistry {
  readonly #models: ModelStore;
  readonly #runs: TrainedRunStore;
  readonly #host: EngineHost;
  readonly #homeFolder: string;
  readonly #log: Log;
  /** Exports without a committed row yet. `recover` does not remove them. */
  readonly #unfinished = new Set<string>();
  /** Ends when the last export ends. Exports run one at a time, since each needs a whole network in memory. */
  #lastExport: Promise<unknown> = Promise.resolve();

  /** @param options.host the engine that serves, so that registering does not wait for training */
  constructor(options: {
    models: ModelStore;
    runs: TrainedRunStore;
    host: EngineHost;
    homeFolder: string;
    log: Log;
  }) {
    this.#models = options.models;
    this.#runs = options.runs;
    this.#host = options.host;
    this.#homeFolder = options.homeFolder;
    this.#log = options.log;
  }

  /** The folder of a version's SavedModel. */
  folderOf(versionId: string): string {
    return path.join(this.#modelsFolder, versionId);
  }

  /**
   * Exports the checkpoint that is now the best of a run as the next version of the model. The files are on disk before
   * the row is committed, so that every visible version can be loaded. Everything that the row says about the checkpoint
   * was read together with it; a better checkpoint in the meantime changes nothing.
   *
   * @throws AppError `NAME_INVALID`, `RUN_NOT_FOUND`, `RUN_HAS_NO_CHECKPOINT`,
   *   `IDEMPOTENCY_KEY_REUSED`, `CHECKPOINT_DAMAGED`
   */
  async register(request: RegisterModelVersion): Promise<ModelVersionRecord> {
    checkModelName(request.model);
    const { idempotencyKey, ...asked } = request;
    const idempotency = idempotencyOf(idempotencyKey, asked);
    const earlier = await this.#registeredBefore(idempotency);
    if (earlier !== null) return earlier;

    const id = newId("modelVersion");
    this.#unfinished.add(id);
    try {
      const { run, checkpoint, digest } = await this.#exportBest(request.runId, id);
      const version = await this.#models.insertVersion({
        id,
        modelId: newId("model"),
        modelName: request.model,
        description: request.description ?? "",
        runId: run.id,
        datasetVersionId: run.datasetVersionId,
        epoch: checkpoint.epoch,
        checkpointSha256: checkpoint.sha256,
        classNames: run.classNames,
        imageSizePixels: run.configuration.imageSizePixels,
        inputContract: inputContractOf({
          imageSizePixels: run.configuration.imageSizePixels,
          preprocessing: run.configuration.preprocessing,
          classCount: run.classNames.length,
        }),
        configuration: run.configuration,
        metrics: checkpoint.metrics,
        parameterCount: run.parameterCount,
        ...digest,
        idempotency,
      });
      if (version !== null) return version;
      // Another call with the same key was faster. Its version is the result.
      await this.#removeExport(id);
      const winner = await this.#registeredBefore(idempotency);
      if (winner !== null) return winner;
      throw new Error("The version with the idempotency key does not exist any more.");
    } catch (error) {
      await this.#removeExportWithoutRow(id);
      throw error;
    } finally {
      this.#unfinished.delete(id);
    }
  }

  /**
   * Opens a version for inference. The caller owns the session.
   *
   * @throws AppError `MODEL_DAMAGED` when its files are not those that were registered
   */
  async open(version: ModelVersionRecord): Promise<Session> {
    const { folder, manifest } = await this.read(version);
    return openExport(this.#host, folder, manifest);
  }

  /**
   * The folder and the manifest of a version's SavedModel.
   *
   * @throws AppError `MODEL_DAMAGED` when its files are not those that were registered
   */
  async read(version: ModelVersionRecord): Promise<{ folder: string; manifest: ModelManifest }> {
    const folder = this.folderOf(version.id);
    await checkFiles(version, folder);
    return { folder, manifest: await this.readManifest(version) };
  }

  /**
   * The manifest alone, without a check of the files.
   *
   * @throws AppError `MODEL_DAMAGED` when it cannot be read, `MODEL_FORMAT_UNKNOWN`
   */
  async readManifest(version: ModelVersionRecord): Promise<ModelManifest> {
    const file = path.join(this.folderOf(version.id), MANIFEST_FILE);
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      throw damaged(version, `must include ${MANIFEST_FILE}. Received ${systemCodeOf(error) ?? error}`);
    });
    return parseManifest(text);
  }

  /**
   * Moves an alias to a version atomically, or removes it.
   *
   * @throws AppError `NAME_INVALID`, `MODEL_NOT_FOUND`; `MODEL_VERSION_NOT_FOUND` also for an alias to remove that the
   *   model does not have
   */
  async setAlias({ model: name, alias, version }: SetModelAlias): Promise<ModelRecord> {
    checkAliasName(alias);
    const model = await this.#models.findModelByName(name);
    if (model === null) {
      throw new AppError("MODEL_NOT_FOUND", `There is no model named ${JSON.stringify(name)}.`, {
        path: ["model"],
      });
    }
    if (version === null) {
      if (!(await this.#models.deleteAlias(model.id, alias))) {
        const message = await describeAliases(this.#models, model, alias);
        throw new AppError("MODEL_VERSION_NOT_FOUND", message, { path: ["alias"] });
      }
    } else if (!(await this.#models.putAlias(model.id, alias, version))) {
      throw new AppError("MODEL_VERSION_NOT_FOUND", `The model "${name}" has no version ${version}.`, {
        path: ["version"],
      });
    }
    return model;
  }

  /** Called when a process starts. Removes the exports that a dead process left without a row. */
  async recover(): Promise<void> {
    const folders = await readdir(this.#modelsFolder).catch(whenMissing([]));
    // Copied before the query: an export that finishes in the meantime has a row by then.
    const inProgress = new Set(this.#unfinished);
    const kept = await this.#models.existingVersions(folders);
    for (const folder of folders) {
      const [id = folder] = folder.split("."); // Without the suffix of an export in progress.
      if (kept.has(folder) || inProgress.has(id)) continue;
      await rm(this.folderOf(folder), { recursive: true, force: true });
      this.#log.warn("removed an export that was not registered", { folder });
    }
  }

  get #modelsFolder(): string {
    return path.join(this.#homeFolder, "models");
  }

  async #registeredBefore(idempotency: Idempotency | null): Promise<ModelVersionRecord | null> {
    if (idempotency === null) return null;
    const earlier = await this.#models.findVersionByIdempotencyKey(idempotency.key);
    if (earlier === null) return null;
    checkSameRequest(idempotency, earlier.hash);
    return earlier.version;
  }

  /** Exports in the order of the calls, one at a time. */
  #exportBest(
    runId: string,
    versionId: string,
  ): Promise<{ run: TrainedRun; checkpoint: BestCheckpoint; digest: FolderDigest }> {
    const next = this.#lastExport.then(async () => {
      for (;;) {
        const { run, checkpoint } = await this.#bestOf(runId);
        try {
          return { run, checkpoint, digest: await this.#export(run, checkpoint, versionId) };
        } catch (error) {
          // A run in training replaces its best checkpoint and removes the files of the previous one.
          const now = await this.#bestOf(runId);
          if (now.checkpoint.sha256 === checkpoint.sha256) throw error;
        }
      }
    });
    this.#lastExport = next.catch(() => undefined);
    return next;
  }

  async #bestOf(runId: string): Promise<{ run: TrainedRun; checkpoint: BestCheckpoint }> {
    const run = await this.#runs.hold(runId);
    if (run === null) throw runNotFound(runId);
    if (run.bestCheckpoint === null) {
      throw new AppError(
        "RUN_HAS_NO_CHECKPOINT",
        `The run ${runId} has no checkpoint yet. It can be registered after its first epoch.`,
        { path: ["runId"] },
      );
    }
    return { run, checkpoint: run.bestCheckpoint };
  }

  #export(run: TrainedRun, checkpoint: BestCheckpoint, versionId: string): Promise<FolderDigest> {
    return exportModel(
      this.#host,
      {
        network: networkOfRun(run.configuration, run.classNames.length, run.precision, run.layerWidths),
        checkpoint: {
          folder: path.join(this.#homeFolder, "runs", run.id, "checkpoints", checkpoint.folder),
          sha256: checkpoint.sha256,
        },
        classNames: run.classNames,
        dataset: { ref: run.datasetRef, hash: run.datasetHash },
        run: { id: run.id, epoch: checkpoint.epoch },
      },
      this.folderOf(versionId),
    );
  }

  /** When a failure leaves the outcome unknown, such as a connection lost during the commit, the row decides. */
  async #removeExportWithoutRow(versionId: string): Promise<void> {
    const existing = await this.#models.existingVersions([versionId]).catch(() => null);
    if (existing !== null && !existing.has(versionId)) await this.#removeExport(versionId);
  }

  async #removeExport(versionId: string): Promise<void> {
    await rm(this.folderOf(versionId), { recursive: true, force: true });
  }
}

async function checkFiles(version: ModelVersionRecord, folder: string): Promise<void> {
  const found = await digestFolder(folder).then(
    ({ sha256 }) => sha256,
    (error: unknown) => systemCodeOf(error) ?? String(error),
  );
  if (found === version.sha256) return;
  throw damaged(version, `must have the SHA-256 ${version.sha256}. Received ${found}`);
}

function damaged({ modelName, number }: ModelVersionRecord, requirement: string): AppError {
  return new AppError(
    "MODEL_DAMAGED",
    `The files of ${modelName}:${number} ${requirement}. Restore them from a backup, or register the run again.`,
  );
}

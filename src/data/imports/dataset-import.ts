import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import type { Config } from "../../core/config.js";
import type { DatasetVersionRecord, ImportEvent } from "../../core/dataset-records.js";
import { idempotencyOf } from "../../core/idempotency.js";
import type { Log } from "../../telemetry/log.js";
import type { BlobStore } from "../blobs/blob-store.js";
import type { ImageDecoder } from "../images/decoder.js";
import { openArchive } from "../sources/archive-source.js";
import { openFolder, resolveImportFolder } from "../sources/folder-source.js";
import type { ImportSource } from "../sources/import-source.js";
import { checkDatasetName } from "../versions/dataset-ref.js";
import type { DatasetStore } from "../versions/dataset-store.js";
import { type DatasetImportStore, type UnfinishedImport, versionNotFound } from "./dataset-import-store.js";
import { takeIn } from "./image-intake.js";
import type { ImportEventStore } from "./import-event-store.js";
import type { ImportLease } from "./import-lease-store.js";
import { ImportProgress } from "./import-progress.js";
import type { ImportSourceRef } from "./import-source-ref.js";
import { buildManifest, type Manifest } from "./manifest.js";
import { checkSplitRatios, type SplitRatios } from "./split-assignment.js";
import type { Uploads } from "./uploads.js";

/** Imports that read at the same time. More would only compete for the decoder and the disk. */
const CONCURRENT_IMPORTS = 2;

export interface ImportRequest {
  readonly dataset: string;
  readonly description: string | null;
  readonly source: ImportSourceRef;
  readonly split: SplitRatios;
  readonly idempotencyKey: string | null;
}

export interface ImportStores {
  readonly datasets: DatasetStore;
  readonly imports: DatasetImportStore;
  readonly events: ImportEventStore;
}

export interface DatasetImporterOptions {
  readonly config: Pick<Config, "importRoots" | "limits">;
  readonly stores: ImportStores;
  readonly uploads: Uploads;
  readonly blobs: BlobStore;
  readonly decoder: ImageDecoder;
  readonly log: Log;
}

/** Imports folders and archives of images as dataset versions, in the background. */
export class DatasetImporter implements AsyncDisposable {
  readonly #options: DatasetImporterOptions;
  readonly #slots = pLimit(CONCURRENT_IMPORTS);
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** The last import of each dataset. The next import waits for it, since its splits depend on it. */
  readonly #lastOfDataset = new Map<string, Promise<void>>();

  constructor(options: DatasetImporterOptions) {
    this.#options = options;
  }

  /**
   * Checks a request, creates its version with status IMPORTING, and imports in the background. An import that fails
   * there ends with status FAILED, a code and a message.
   *
   * @returns the version; for a known idempotency key, the current state of the version of the earlier request
   * @throws AppError `NAME_INVALID`, `SPLIT_RATIOS_INVALID`, `SPLIT_SEED_INVALID`, `FOLDER_NOT_ALLOWED`,
   *   `UPLOAD_NOT_FOUND`, `UPLOAD_EXPIRED`, `UPLOAD_INCOMPLETE`, `IDEMPOTENCY_KEY_INVALID`,
   *   `IDEMPOTENCY_KEY_REUSED`
   */
  async start(request: ImportRequest): Promise<DatasetVersionRecord> {
    const { imports } = this.#options.stores;
    const { idempotencyKey, ...content } = request;
    const idempotency = idempotencyOf(idempotencyKey, content);
    // Before all checks, because the upload of the earlier request may have expired since.
    const earlier = idempotency === null ? null : await imports.findByIdempotency(idempotency);
    if (earlier !== null) return this.#version(earlier);

    checkDatasetName(request.dataset);
    checkSplitRatios(request.split);
    await this.#checkSource(request.source);
    const { versionId, created } = await imports.create({ ...content, idempotency });
    if (created) {
      const unfinished = await imports.findUnfinished(versionId);
      if (unfinished !== null) this.#run(unfinished);
    }
    return this.#version(versionId);
  }

  /**
   * Called when a process starts. Starts the unfinished imports of dead processes again from their sources, and removes
   * their unfinished files. Returns when the imports have started.
   */
  async recover(): Promise<void> {
    const { stores, uploads, blobs, log } = this.#options;
    const { imports } = stores;
    for (const unfinished of await imports.listUnfinished()) {
      log.info("restarting an import that a stopped process left unfinished", {
        versionId: unfinished.versionId,
      });
      this.#run(unfinished);
    }
    await uploads.removeExpired();
    await blobs.removeAbandoned();
  }

  /**
   * The events of an import after a cursor, then new events until the import ends.
   *
   * @throws AppError `DATASET_VERSION_NOT_FOUND`, `CURSOR_INVALID`
   */
  follow(versionId: string, after: string | null, signal: AbortSignal): AsyncIterable<ImportEvent> {
    return this.#options.stores.events.follow(versionId, after, signal);
  }

  /** Stops the imports in progress. They start again when the next process starts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("The importer is closing."));
    await Promise.all(this.#running);
  }

  async #version(versionId: string): Promise<DatasetVersionRecord> {
    const [version] = await this.#options.stores.datasets.findVersions([versionId]);
    if (version === undefined) throw versionNotFound(versionId);
    return version;
  }

  async #checkSource(source: ImportSourceRef): Promise<void> {
    if ("folder" in source) {
      await resolveImportFolder(source.folder, this.#options.config.importRoots);
      return;
    }
    try {
      await this.#options.uploads.pathOf(source.uploadId);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, error.message, { cause: error, path: ["source", "uploadId"] });
    }
  }

  #run(unfinished: UnfinishedImport): void {
    const previous = this.#lastOfDataset.get(unfinished.datasetId) ?? Promise.resolve();
    const run = previous
      .then(() => this.#slots(() => this.#import(unfinished)))
      .catch((error: unknown) => {
        // The database is unreachable: the version stays IMPORTING, and the next process imports it.
        this.#options.log.error("an import stopped", { versionId: unfinished.versionId, error });
      })
      .finally(() => {
        this.#running.delete(run);
        if (this.#lastOfDataset.get(unfinished.datasetId) === run)
          this.#lastOfDataset.delete(unfinished.datasetId);
      });
    this.#running.add(run);
    this.#lastOfDataset.set(unfinished.datasetId, run);
  }

  async #import(unfinished: UnfinishedImport): Promise<void> {
    const { stores, log } = this.#options;
    const { imports } = stores;
    const { versionId } = unfinished;
    if (this.#closing.signal.aborted) return;
    await using lease = await imports.lease(versionId);
    // Another living process imports it, or has finished.
    if (lease === null || (await imports.findUnfinished(versionId)) === null) return;
    try {
      await this.#carryOut(unfinished, lease);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (error instanceof AppError) {
        await imports.fail(versionId, error.code, error.message);
        return;
      }
      log.error("an import failed unexpectedly", { versionId, error });
      await imports.fail(
        versionId,
        "IMPORT_FAILED",
        "An unexpected error occurred. The log of the server has the details. Import again.",
      );
    }
  }

  async #carryOut(unfinished: UnfinishedImport, lease: ImportLease): Promise<void> {
    const { stores, decoder, log } = this.#options;
    const { imports, events } = stores;
    const { versionId } = unfinished;
    const { signal } = this.#closing;
    let manifest: Manifest;
    const startedMs = performance.now();
    await using source = await this.#openSource(unfinished.source);
    const progress = new ImportProgress(
      (filesDone) => events.recordProgress(versionId, filesDone, source.filesTotal),
      (error) => log.warn("the progress of an import could not be recorded", { versionId, error }),
    );
    try {
      const blobs = this.#options.blobs.batch();
      const intake = await takeIn(source, decoder, blobs, (done) => progress.report(done), signal);
      // Files are safe from a crash before the rows that refer to them are written.
      await blobs.sync();
      const earlier = await imports.earlierSplits(unfinished);
      manifest = await buildManifest(intake.accepted, intake.rejected, unfinished.split, earlier);
    } finally {
      await progress.settle();
    }
    await lease.finish(manifest);
    log.info("imported a dataset version", {
      versionId,
      samples: manifest.samples.length,
      quarantined: manifest.quarantine.length,
      seconds: Math.round(performance.now() - startedMs) / 1000,
    });
  }

  async #openSource(source: ImportSourceRef): Promise<ImportSource> {
    const { uploads, config } = this.#options;
    if ("uploadId" in source) return openArchive(await uploads.pathOfBegun(source.uploadId), config.limits);
    return openFolder(await resolveImportFolder(source.folder, config.importRoots), config.limits);
  }
}

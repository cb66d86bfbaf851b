import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import type { Config } from "../../core/config.js";
import { isDatabaseTrouble } from "../../core/database-trouble.js";
import type { DatasetVersionRecord, ImportEvent } from "../../core/dataset-records.js";
import { idempotencyOf } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import { BackgroundJobs, type JobNaming } from "../../core/jobs/background-jobs.js";
import { ProgressWriter } from "../../core/jobs/progress-writer.js";
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
import type { ImportSourceRef } from "./import-source-ref.js";
import { buildManifest, type Manifest } from "./manifest.js";
import { checkSplitRatios, type SplitRatios } from "./split-assignment.js";
import type { Uploads } from "./uploads.js";

/** Imports that read at the same time. More would only compete for the decoder and the disk. */
const CONCURRENT_IMPORTS = 2;

const NAMING: JobNaming = {
  job: "an import",
  idField: "versionId",
  unexpected: () =>
    new AppError(
      "IMPORT_FAILED",
      "An unexpected error occurred. The log of the server has the details. Import again.",
    ),
};

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
  readonly #jobs: BackgroundJobs;
  /** The versions that are imported or wait for their turn. */
  readonly #versions = new Set<string>();
  /** The last import of each dataset. The next import waits for it, since its splits depend on it. */
  readonly #lastOfDataset = new Map<string, Promise<void>>();

  constructor(options: DatasetImporterOptions) {
    this.#options = options;
    this.#jobs = new BackgroundJobs(NAMING, options.log);
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
    if (earlier !== null) return this.#begun(earlier);

    checkDatasetName(request.dataset);
    checkSplitRatios(request.split);
    await this.#checkSource(request.source);
    const newVersionId = newId("datasetVersion");
    try {
      return await this.#begun(await imports.create({ ...content, idempotency, versionId: newVersionId }));
    } catch (error) {
      // The connection may have been lost after the version was created.
      if (isDatabaseTrouble(error)) this.#runOnceFound(newVersionId);
      throw error;
    }
  }

  /** Returns a version, and imports it unless it is imported already. */
  async #begun(versionId: string): Promise<DatasetVersionRecord> {
    const unfinished = await this.#options.stores.imports.findUnfinished(versionId);
    if (unfinished !== null) this.#run(unfinished);
    return this.#version(versionId);
  }

  /** Imports a version as soon as the database answers, if there is such a version. */
  #runOnceFound(versionId: string): void {
    const { imports } = this.#options.stores;
    this.#jobs.own(
      versionId,
      this.#jobs
        .outlasting(versionId, () => imports.findUnfinished(versionId))
        .then((unfinished) => {
          if (unfinished !== null) this.#run(unfinished);
        }),
    );
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
  [Symbol.asyncDispose](): Promise<void> {
    return this.#jobs[Symbol.asyncDispose]();
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

  /** Does nothing when this process imports the version already. */
  #run(unfinished: UnfinishedImport): void {
    const { versionId, datasetId } = unfinished;
    if (this.#versions.has(versionId)) return;
    this.#versions.add(versionId);
    const previous = this.#lastOfDataset.get(datasetId) ?? Promise.resolve();
    const run = this.#jobs
      .own(
        versionId,
        previous.then(() => this.#slots(() => this.#import(unfinished))),
      )
      .finally(() => {
        this.#versions.delete(versionId);
        if (this.#lastOfDataset.get(datasetId) === run) this.#lastOfDataset.delete(datasetId);
      });
    this.#lastOfDataset.set(datasetId, run);
  }

  /** Carries out an import. While the database is away, it waits, and then goes on with what it has read. */
  async #import(unfinished: UnfinishedImport): Promise<void> {
    const { imports } = this.#options.stores;
    const { versionId } = unfinished;
    let read: Manifest | AppError | null = null;
    await this.#jobs.outlasting(versionId, async () => {
      if (this.#jobs.closing.aborted) return;
      // A lost connection has ended the lease as well.
      await using lease = await imports.lease(versionId);
      // Another living process imports it, or has finished.
      if (lease === null || (await imports.findUnfinished(versionId)) === null) return;
      read ??= await this.#jobs.failureOr(versionId, () => this.#read(unfinished));
      const manifest = read;
      const failure =
        manifest instanceof AppError
          ? manifest
          : await this.#jobs.failureOr(versionId, async () => {
              await lease.finish(manifest);
              return null;
            });
      if (failure !== null) await imports.fail(versionId, failure.code, failure.message);
    });
  }

  /** Reads and stores the images of the source, and distributes them over the splits. */
  async #read(unfinished: UnfinishedImport): Promise<Manifest> {
    const { stores, decoder, log } = this.#options;
    const { imports, events } = stores;
    const { versionId } = unfinished;
    const signal = this.#jobs.closing;
    const startedMs = performance.now();
    await using source = await this.#openSource(unfinished.source);
    const progress = new ProgressWriter<number>(
      (filesDone) => events.recordProgress(versionId, filesDone, source.filesTotal),
      (error) => log.warn("the progress of an import could not be recorded", { versionId, error }),
    );
    try {
      const blobs = this.#options.blobs.batch();
      const intake = await takeIn(source, decoder, blobs, (done) => progress.report(done), signal);
      // Files are safe from a crash before the rows that refer to them are written.
      await blobs.sync();
      const earlier = await this.#jobs.outlasting(versionId, () => imports.earlierSplits(unfinished));
      const manifest = await buildManifest(intake.accepted, intake.rejected, unfinished.split, earlier);
      log.info("read the images of a dataset version", {
        versionId,
        samples: manifest.samples.length,
        quarantined: manifest.quarantine.length,
        seconds: Math.round(performance.now() - startedMs) / 1000,
      });
      return manifest;
    } finally {
      await progress.settle();
    }
  }

  async #openSource(source: ImportSourceRef): Promise<ImportSource> {
    const { uploads, config } = this.#options;
    if ("uploadId" in source) return openArchive(await uploads.pathOfBegun(source.uploadId), config.limits);
    return openFolder(await resolveImportFolder(source.folder, config.importRoots), config.limits);
  }
}

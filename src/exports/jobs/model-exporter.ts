import { setTimeout as delay } from "node:timers/promises";
import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import { isDatabaseTrouble } from "../../core/database-trouble.js";
import { hasEnded, hasFile } from "../../core/exports/state.js";
import { idempotencyOf } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import { BackgroundJobs, type JobNaming } from "../../core/jobs/background-jobs.js";
import { ProgressWriter } from "../../core/jobs/progress-writer.js";
import type { ModelStore } from "../../registry/model-store.js";
import { modelVersionNotFound } from "../../registry/model-version-not-found.js";
import type { Log } from "../../telemetry/log.js";
import { translateDiskFull } from "../attempt/disk-full.js";
import type { ExportProcess } from "../attempt/export-process.js";
import type { ExportOutcome, ExportStage } from "../attempt/job.js";
import { outsideBounds } from "../bounds.js";
import type { ExportEventStore } from "./export-event-store.js";
import type { AttemptFiles, ExportFiles } from "./export-files.js";
import type { ExportLease } from "./export-lease-store.js";
import { exportNotFound } from "./export-not-found.js";
import type { ExportPlanner } from "./export-planner.js";
import type { ExportEvent, ExportProgressRecord, ModelExportRecord } from "./export-records.js";
import { exportFileName, exportSettingsOf, type RequestedExport } from "./export-request.js";
import type { ExportStore } from "./export-store.js";

/** Exports of one server at the same time. Each keeps the processors busy and holds a network in memory. */
const CONCURRENT_EXPORTS = 1;
/** How often a server looks whether the one that carries out an export has died. */
const LEASE_CHECK_MS = 5_000;

const NAMING: JobNaming = {
  job: "an export",
  idField: "exportId",
  unexpected: () =>
    new AppError(
      "EXPORT_FAILED",
      "An unexpected error occurred. The log of the server has the details. Export again.",
    ),
};

export interface ExportRequest extends RequestedExport {
  /** "flowers:3", "flowers@champion" or "flowers" */
  readonly modelVersion: string;
  readonly idempotencyKey: string | null;
}

export interface ModelExporterOptions {
  readonly stores: { readonly exports: ExportStore; readonly events: ExportEventStore };
  readonly models: ModelStore;
  readonly planner: ExportPlanner;
  readonly files: ExportFiles;
  readonly process: Pick<ExportProcess, "run">;
  readonly log: Log;
}

/** Exports model versions as files for other programs, in the background. */
export class ModelExporter implements AsyncDisposable {
  readonly #options: ModelExporterOptions;
  readonly #slots = pLimit(CONCURRENT_EXPORTS);
  readonly #jobs: BackgroundJobs;
  /** The exports that are carried out or wait for their turn. */
  readonly #exports = new Set<string>();

  constructor(options: ModelExporterOptions) {
    this.#options = options;
    this.#jobs = new BackgroundJobs(NAMING, options.log);
  }

  /**
   * Checks a request, creates its export in the state QUEUED, and carries it out in the background.
   *
   * @returns the export; for a known idempotency key, the current state of the export of the earlier request
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `EXPORT_UNSUPPORTED`, `EXPORT_SETTING_INVALID`,
   *   `IDEMPOTENCY_KEY_INVALID`, `IDEMPOTENCY_KEY_REUSED`
   */
  async start(request: ExportRequest): Promise<ModelExportRecord> {
    const { models, stores } = this.#options;
    const { idempotencyKey, ...content } = request;
    const idempotency = idempotencyOf(idempotencyKey, content);
    // Before all checks, because an alias may have moved since.
    const earlier = idempotency === null ? null : await stores.exports.findByIdempotency(idempotency);
    if (earlier !== null) return this.#begun(earlier);

    const settings = exportSettingsOf(content);
    const version = await models.findVersionByRef(content.modelVersion);
    if (version === null) throw await modelVersionNotFound(models, content.modelVersion, ["modelVersion"]);
    const id = newId("modelExport");
    const fileName = exportFileName(version, settings);
    const created = { ...settings, id, modelVersionId: version.id, fileName, idempotency };
    try {
      return await this.#begun(await stores.exports.create(created));
    } catch (error) {
      // The connection may have been lost after the export was created.
      if (isDatabaseTrouble(error)) this.#run(id);
      throw error;
    }
  }

  /**
   * Ends an export without a file, at once.
   *
   * @throws AppError `EXPORT_NOT_FOUND`, `EXPORT_ALREADY_ENDED`
   */
  cancel(exportId: string): Promise<ModelExportRecord> {
    return this.#options.stores.exports.cancel(exportId);
  }

  /**
   * The events of an export after a cursor, then new events until the export ends.
   *
   * @throws AppError `EXPORT_NOT_FOUND`, `CURSOR_INVALID`
   */
  follow(exportId: string, after: string | null, signal: AbortSignal): AsyncIterable<ExportEvent> {
    return this.#options.stores.events.follow(exportId, after, signal);
  }

  /**
   * Called when a process starts. Queues the unfinished exports of dead processes again, and removes the files that they
   * left. Returns when the exports have been queued.
   */
  async recover(): Promise<void> {
    const { stores, files, log } = this.#options;
    const unfinished = await stores.exports.listUnfinished();
    for (const { id, state } of unfinished) {
      if (state !== "RUNNING") continue;
      await using lease = await stores.exports.lease(id);
      if (lease === null) continue;
      log.info("restarting an export that a stopped process left unfinished", { exportId: id });
      await lease.requeue();
    }
    const found = await files.list();
    const finished = await stores.exports.finished([...found.keys()]);
    for (const [id, { hasUnfinished }] of found) {
      if (hasUnfinished || !finished.has(id)) await this.#removeLeftovers(id);
    }
    for (const { id } of unfinished) this.#run(id);
  }

  /** Stops the export in progress. It starts again when the next process starts. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#jobs[Symbol.asyncDispose]();
  }

  async #begun(exportId: string): Promise<ModelExportRecord> {
    const found = await this.#find(exportId);
    if (found === null) throw exportNotFound(exportId);
    if (!hasEnded(found.state)) this.#run(exportId);
    return found;
  }

  async #find(exportId: string): Promise<ModelExportRecord | null> {
    return (await this.#options.stores.exports.find([exportId]))[0] ?? null;
  }

  /** Does nothing when this process has the export already. */
  #run(exportId: string): void {
    if (this.#exports.has(exportId)) return;
    this.#exports.add(exportId);
    void this.#jobs.own(exportId, this.#untilEnded(exportId)).finally(() => this.#exports.delete(exportId));
  }

  async #untilEnded(exportId: string): Promise<void> {
    const { closing } = this.#jobs;
    while (!(await this.#slots(() => this.#carryOut(exportId)))) {
      await delay(LEASE_CHECK_MS, undefined, { signal: closing });
    }
  }

  /**
   * Carries out an export. While the database is away, it waits, and then goes on with the file that it has.
   *
   * @returns false when another process has its lease
   */
  async #carryOut(exportId: string): Promise<boolean> {
    const { exports } = this.#options.stores;
    await using attempt = new Attempt(this.#options, this.#jobs, exportId);
    return await this.#jobs.outlasting(exportId, async () => {
      if (this.#jobs.closing.aborted) return true;
      // A lost connection has ended the lease as well.
      await using lease = await exports.lease(exportId);
      // Another living process carries it out, or PostgreSQL has not noticed the death of one.
      if (lease === null) return false;
      const requested = await this.#find(exportId);
      if (requested !== null && !hasEnded(requested.state)) await attempt.complete(requested, lease);
      // It was cancelled, or it has ended though the answer of the database was lost.
      if (!this.#jobs.closing.aborted) await this.#removeUnneeded(exportId);
      return true;
    });
  }

  /** Called by the process that holds the lease. */
  async #removeUnneeded(exportId: string): Promise<void> {
    const ended = await this.#find(exportId);
    if (ended === null || !hasFile(ended.state)) await this.#options.files.remove(exportId, "nothing");
  }

  /** Removes what dead processes left of an export. */
  async #removeLeftovers(exportId: string): Promise<void> {
    const { stores, files } = this.#options;
    await using lease = await stores.exports.lease(exportId);
    if (lease === null) return;
    const found = await this.#find(exportId);
    await files.remove(exportId, found !== null && hasFile(found.state) ? "finished" : "nothing");
  }
}

/** One try of this process at an export. It does the work once, and may then report the result several times. */
class Attempt implements AsyncDisposable {
  readonly #options: ModelExporterOptions;
  readonly #jobs: BackgroundJobs;
  readonly #exportId: string;
  #files: AttemptFiles | null = null;
  #result: ExportOutcome | AppError | "cancelled" | null = null;

  constructor(options: ModelExporterOptions, jobs: BackgroundJobs, exportId: string) {
    this.#options = options;
    this.#jobs = jobs;
    this.#exportId = exportId;
  }

  /** @throws errors of a database that is away; then it is called again with a new lease */
  async complete(requested: ModelExportRecord, lease: ExportLease): Promise<void> {
    if (this.#result === null || requested.state === "QUEUED") {
      if (!(await lease.begin(firstStage(requested)))) return;
    }
    this.#result ??= await this.#workUntilCancelled(requested);
    const result = this.#result;
    if (result === "cancelled") return;
    if (result instanceof AppError) {
      await lease.fail(result);
      return;
    }
    const { proof } = result;
    await lease.finish(result, proof.status === "PROVEN" ? outsideBounds(proof, requested.bounds) : []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files?.[Symbol.asyncDispose]();
  }

  async #workUntilCancelled(requested: ModelExportRecord): Promise<ExportOutcome | AppError | "cancelled"> {
    const cancelled = new AbortController();
    const done = new AbortController();
    const watching = this.#abortOnceEnded(cancelled, done.signal);
    const signal = AbortSignal.any([this.#jobs.closing, cancelled.signal]);
    try {
      return await this.#jobs.failureOr(this.#exportId, async () => {
        try {
          return await this.#work(requested, signal);
        } catch (error) {
          if (cancelled.signal.aborted) return "cancelled";
          throw translateDiskFull(error);
        }
      });
    } finally {
      done.abort();
      await watching;
    }
  }

  async #work(requested: ModelExportRecord, signal: AbortSignal): Promise<ExportOutcome> {
    const { files, planner, process } = this.#options;
    // These are files of an earlier call that failed because the database was away.
    await this.#files?.[Symbol.asyncDispose]();
    const attemptFiles = await files.begin(this.#exportId);
    this.#files = attemptFiles;
    const job = await planner.plan(requested, attemptFiles);
    const progress = this.#progressWriter();
    let stage: ExportStage | null = null;
    try {
      const outcome = await process.run(
        job,
        (newStage, imagesDone, imagesTotal) => {
          const reported = { stage: newStage, imagesDone, imagesTotal };
          if (newStage === stage) progress.report(reported);
          else progress.reportAlways(reported);
          stage = newStage;
        },
        signal,
      );
      await attemptFiles.keep();
      return outcome;
    } finally {
      await progress.settle();
    }
  }

  #progressWriter(): ProgressWriter<ExportProgressRecord> {
    const { stores, log } = this.#options;
    const exportId = this.#exportId;
    return new ProgressWriter(
      (progress) => stores.events.recordProgress(exportId, progress),
      (error) => log.warn("the progress of an export could not be recorded", { exportId, error }),
    );
  }

  /** Learns of a cancellation by any process. */
  async #abortOnceEnded(cancelled: AbortController, signal: AbortSignal): Promise<void> {
    const { stores, log } = this.#options;
    const exportId = this.#exportId;
    try {
      for await (const { kind } of stores.events.follow(exportId, null, signal)) {
        if (kind === "ExportFinished") cancelled.abort(new Error("The export was cancelled."));
      }
    } catch (error) {
      log.warn("an export would not notice that it is cancelled", { exportId, error });
    }
  }
}

function firstStage({ calibrationImages }: ModelExportRecord): ExportStage {
  return calibrationImages === null ? "WRITING" : "CALIBRATING";
}

import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { Split } from "../../core/enumerations.js";
import { BackgroundJobs, type JobNaming } from "../../core/jobs/background-jobs.js";
import { memoryBytes } from "../../engine/engine-environment.js";
import type { EngineInfo } from "../../engine/engine-protocol.js";
import { countMultiplications } from "../../graph/architectures/multiplications.js";
import type { Clock } from "../../lang/clock.js";
import type { ModelRegistry } from "../../registry/model-registry.js";
import type { Log } from "../../telemetry/log.js";
import type { ExportDownloads } from "../jobs/export-downloads.js";
import type { ServerFacts } from "../jobs/export-planner.js";
import type { StoredImage } from "../proving/decoded-images.js";
import {
  type ComparedModel,
  type ComparedModelFinder,
  type ComparedModels,
  subjectIdOf,
} from "./compared-models.js";
import type { ComparisonStore, MeasuredModels } from "./comparison-store.js";
import type { ModelMeasurement } from "./measurement.js";
import { memoryToMeasure } from "./memory.js";
import type { ModelMeasurer, NamedSubject } from "./model-measurer.js";

/** Changes with the way of measuring, so that figures of another way are not taken for these. */
const METHOD = 1;
/** A request is answered after this time, with or without measurements. */
const WAIT_MS = 20_000;
/** Comparisons that are measured or wait for it. */
const MAX_UNFINISHED = 10;
/** Clocks of clients may be a little fast. */
const CLOCK_TOLERANCE_MS = 60_000;

const NAMING: JobNaming = {
  job: "a comparison of models",
  idField: "comparison",
  unexpected: () =>
    new AppError(
      "COMPARISON_FAILED",
      "An unexpected error occurred. The log of the server has the details. Compare the models again.",
    ),
};

export interface ModelComparisonRequest {
  /** "flowers:3", "flowers@champion", "flowers", or the id of an export */
  readonly refs: readonly string[];
  readonly split: Split;
  /** Measurements before it do not count; null: any does. */
  readonly measuredAfter: Date | null;
}

export interface ModelComparisonRecord {
  readonly split: Split;
  readonly datasetVersion: DatasetVersionRecord;
  /** When the measuring ended; null while the models are measured. */
  readonly measuredAt: Date | null;
  /** In the order of the request. */
  readonly rows: readonly ComparisonRow[];
}

export interface ComparisonRow extends ComparedModel {
  /** For one image. */
  readonly multiplications: number;
  readonly sizeBytes: number;
  /** Null while the models are measured. */
  readonly measurement: ModelMeasurement | null;
}

interface UnmeasuredModels extends ComparedModels {
  readonly key: string;
  readonly split: Split;
}

/** A measurement in progress. */
interface Measuring {
  readonly result: Promise<MeasuredModels | AppError>;
  /** Requests that wait for it. */
  waiting: number;
}

export interface ModelComparerOptions {
  readonly finder: Pick<ComparedModelFinder, "find" | "imagesOf">;
  readonly store: ComparisonStore;
  readonly registry: Pick<ModelRegistry, "read">;
  readonly downloads: Pick<ExportDownloads, "open">;
  readonly measurer: Pick<ModelMeasurer, "measure">;
  readonly facts: ServerFacts;
  readonly engine: Pick<EngineInfo, "processor" | "threads" | "devices">;
  /** For files of measurements in progress. */
  readonly workFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Compares model versions and exports: accuracy, size, time and memory, measured together on this machine. What was measured
 * is stored, and measured again only when asked for. One comparison is measured at a time.
 */
export class ModelComparer implements AsyncDisposable {
  readonly #options: ModelComparerOptions;
  readonly #slots = pLimit(1);
  readonly #jobs: BackgroundJobs;
  readonly #measuring = new Map<string, Measuring>();
  /** Failures of measurements that no request waited for, by key. The next request is told. */
  readonly #failures = new Map<string, AppError>();

  constructor(options: ModelComparerOptions) {
    this.#options = options;
    this.#jobs = new BackgroundJobs(NAMING, options.log);
  }

  /**
   * Measures the models unless that was done before, and waits for it. The measuring goes on without the request.
   *
   * @param waitMs after this time, the answer has no measurements
   * @throws AppError `COMPARISON_INVALID`, `MODEL_VERSION_NOT_FOUND`, `EXPORT_NOT_FOUND`, `COMPARISON_TOO_LARGE`,
   *   `COMPARISON_FAILED`, `TOO_MANY_COMPARISONS`, `MODEL_DAMAGED`, `MODEL_FORMAT_UNKNOWN`, `EXPORT_DAMAGED`,
   *   `SERVER_STOPPING`
   */
  async compare(
    { refs, split, measuredAfter }: ModelComparisonRequest,
    waitMs = WAIT_MS,
  ): Promise<ModelComparisonRecord> {
    const { finder, store, clock } = this.#options;
    if (measuredAfter !== null && measuredAfter.getTime() > clock.now().getTime() + CLOCK_TOLERANCE_MS) {
      throw new AppError(
        "COMPARISON_INVALID",
        `measuredAfter must not be in the future. Received ${measuredAfter.toISOString()}.`,
        { path: ["measuredAfter"] },
      );
    }
    const compared = await finder.find(refs);
    const key = this.#keyOf(compared, split);
    const stored = await store.find(key);
    const isUsable = stored !== null && (measuredAfter === null || stored.measuredAt >= measuredAfter);
    const measured = isUsable ? stored : await this.#awaitMeasurement({ key, split, ...compared }, waitMs);
    const { models, datasetVersion } = compared;
    return {
      split,
      datasetVersion,
      measuredAt: measured?.measuredAt ?? null,
      rows: models.map((model) => ({
        ...model,
        multiplications: countMultiplications(model.network),
        sizeBytes: sizeOf(model),
        measurement: measured?.measurements.get(subjectIdOf(model)) ?? null,
      })),
    };
  }

  /** Called when a process starts. Removes the files that a dead process left. */
  async recover(): Promise<void> {
    await rm(this.#options.workFolder, { recursive: true, force: true });
  }

  /** Ends the measurement in progress and those that wait. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#jobs[Symbol.asyncDispose]();
  }

  /** Figures of one run compare; so the key names everything that was measured together, on what, and where. */
  #keyOf({ models, datasetVersion }: ComparedModels, split: Split): string {
    const { engine, facts } = this.#options;
    const { processor, threads, devices } = engine;
    const identity = {
      method: METHOD,
      subjects: [...new Set(models.map(subjectIdOf))].sort(),
      split,
      datasetVersionId: datasetVersion.id,
      machine: { processor, threads, devices: devices.map(({ name }) => name) },
      // With a Python, models are measured that could not be measured before.
      python: models.some(({ modelExport }) => modelExport?.format === "KERAS") ? facts.python : null,
    };
    return createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  }

  /** @returns null when the time is over */
  async #awaitMeasurement(comparison: UnmeasuredModels, waitMs: number): Promise<MeasuredModels | null> {
    const { key, datasetVersion, split } = comparison;
    const images = await this.#options.finder.imagesOf(datasetVersion, split);
    const failure = this.#failures.get(key);
    this.#failures.delete(key);
    if (failure !== undefined) throw failure;
    const measuring = this.#measuring.get(key) ?? this.#start(comparison, images);
    const timeout = new AbortController();
    measuring.waiting += 1;
    try {
      const timer = sleep(waitMs, null, { signal: timeout.signal }).catch(() => null);
      const result = await Promise.race([measuring.result, timer]);
      if (result instanceof AppError) throw result;
      return result;
    } finally {
      measuring.waiting -= 1;
      timeout.abort();
    }
  }

  #start(comparison: UnmeasuredModels, images: readonly StoredImage[]): Measuring {
    const { key } = comparison;
    if (this.#jobs.closing.aborted) throw stopping();
    if (this.#measuring.size >= MAX_UNFINISHED) {
      throw new AppError(
        "TOO_MANY_COMPARISONS",
        `${MAX_UNFINISHED} comparisons are measured or wait for it, and there are no more places. Compare again later.`,
      );
    }
    const result = this.#slots(async () => {
      try {
        return await this.#jobs.failureOr(key, () => this.#measure(comparison, images));
      } catch (error) {
        if (this.#jobs.closing.aborted) return stopping();
        throw error;
      }
    });
    const measuring: Measuring = { result, waiting: 0 };
    this.#measuring.set(key, measuring);
    const settled = result.then((ended) => {
      if (ended instanceof AppError && measuring.waiting === 0) this.#failures.set(key, ended);
    });
    void this.#jobs.own(
      key,
      settled.finally(() => this.#measuring.delete(key)),
    );
    return measuring;
  }

  async #measure(
    { key, split, datasetVersion, ...compared }: UnmeasuredModels,
    images: readonly StoredImage[],
  ): Promise<MeasuredModels> {
    const { store, measurer, workFolder, clock } = this.#options;
    const { closing } = this.#jobs;
    closing.throwIfAborted();
    const models = [...new Map(compared.models.map((model) => [subjectIdOf(model), model])).values()];
    // In a container, the memory that the system calls available lacks what caches of files would give back.
    checkMemory(models, memoryBytes() - process.memoryUsage.rss());
    const folder = path.join(workFolder, crypto.randomUUID());
    try {
      const subjects: NamedSubject[] = [];
      for (const [index, model] of models.entries()) {
        const ownFolder = path.join(folder, String(index));
        await mkdir(ownFolder, { recursive: true });
        const labeled = images.map(({ contentHash, classIndex }) => ({
          contentHash,
          classIndex: model.modelVersion.classNames.indexOf(datasetVersion.classNames[classIndex] ?? ""),
        }));
        subjects.push({ ...(await this.#subjectOf(model)), workFolder: ownFolder, images: labeled });
      }
      const measured = await measurer.measure(subjects, closing);
      const measurements = new Map(
        models.flatMap((model, index) => {
          const measurement = measured[index];
          return measurement === undefined ? [] : [[subjectIdOf(model), measurement] as const];
        }),
      );
      const comparison = { measurements, measuredAt: clock.now() };
      await this.#jobs.outlasting(key, () =>
        store.save({ ...comparison, key, split, datasetVersionId: datasetVersion.id }),
      );
      return comparison;
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Files are compared with their digests. */
  async #subjectOf({
    ref,
    modelVersion,
    modelExport,
  }: ComparedModel): Promise<Omit<NamedSubject, "workFolder" | "images">> {
    const { registry, downloads, facts } = this.#options;
    const { folder: modelFolder } = await registry.read(modelVersion);
    const named = { name: JSON.stringify(ref), modelFolder, ...facts };
    if (modelExport === null) return { ...named, exported: null };
    const { folder, fileName } = await downloads.open(modelExport.id, modelExport.fileName);
    return { ...named, exported: { format: modelExport.format, file: path.join(folder, fileName) } };
  }
}

function sizeOf({ modelVersion, modelExport }: ComparedModel): number {
  return modelExport?.sizeBytes ?? modelVersion.sizeBytes;
}

/** @throws AppError `COMPARISON_TOO_LARGE` */
function checkMemory(models: readonly ComparedModel[], availableBytes: number): void {
  const needed = models.reduce((total, model) => total + memoryToMeasure(model.network, sizeOf(model)), 0);
  if (needed <= availableBytes) return;
  throw new AppError(
    "COMPARISON_TOO_LARGE",
    `Models that are compared are open at the same time. These need about ${gigabytes(needed)} of memory. The machine has ` +
      `${gigabytes(availableBytes)} beside this server. Compare fewer models at once.`,
    { path: ["refs"] },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function stopping(): AppError {
  return new AppError("SERVER_STOPPING", "The server is stopping, and measures no models any more.");
}

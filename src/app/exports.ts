import path from "node:path";
import type { ApiServices } from "../api/api-services.js";
import type { Config } from "../core/config.js";
import type { Database } from "../db/database.js";
import type { EngineInfo } from "../engine/engine-protocol.js";
import { ExportProcess } from "../exports/attempt/export-process.js";
import { ComparedModelFinder } from "../exports/comparison/compared-models.js";
import { ComparisonStore } from "../exports/comparison/comparison-store.js";
import { ModelComparer } from "../exports/comparison/model-comparer.js";
import { ModelMeasurer } from "../exports/comparison/model-measurer.js";
import { ExportDownloads } from "../exports/jobs/export-downloads.js";
import { ExportEventStore } from "../exports/jobs/export-event-store.js";
import { ExportFiles } from "../exports/jobs/export-files.js";
import { ExportImagesStore } from "../exports/jobs/export-images-store.js";
import { ExportPlanner } from "../exports/jobs/export-planner.js";
import { ExportStore } from "../exports/jobs/export-store.js";
import { ModelExporter } from "../exports/jobs/model-exporter.js";
import { SYSTEM_CLOCK } from "../lang/clock.js";
import type { Log } from "../telemetry/log.js";
import type { composeTraining } from "./training.js";

export interface ExportsFoundation {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** The addon of TensorFlow. */
  readonly addonFile: string;
  readonly servingEngine: { readonly info: EngineInfo };
  readonly training: Pick<
    Awaited<ReturnType<typeof composeTraining>>,
    "models" | "registry" | "datasets" | "blobsFolder" | "product"
  >;
}

/** Creates and connects the parts that export and compare model versions, and starts nothing. */
export function composeExports({
  config,
  log,
  database,
  addonFile,
  servingEngine,
  training,
}: ExportsFoundation): Pick<ApiServices, "exports" | "exporter" | "exportDownloads" | "modelComparer"> {
  const { homeFolder, cacheFolder, python, threads, limits, logLevel } = config;
  const { models, registry, datasets, blobsFolder, product } = training;
  const facts = { product, blobsFolder, cacheFolder, python, threads, addonFile, limits };
  const exports = new ExportStore(database);
  const images = new ExportImagesStore(database);
  const files = new ExportFiles(path.join(homeFolder, "exports"));
  const downloads = new ExportDownloads(exports, files);
  const exporter = new ModelExporter({
    stores: { exports, events: new ExportEventStore(database) },
    models,
    planner: new ExportPlanner(models, registry, images, facts),
    files,
    process: new ExportProcess({ log, logLevel }),
    log,
  });
  const modelComparer = new ModelComparer({
    finder: new ComparedModelFinder({ models, exports, datasets, images }, registry),
    store: new ComparisonStore(database),
    registry,
    downloads,
    measurer: new ModelMeasurer(log, logLevel),
    facts,
    engine: servingEngine.info,
    workFolder: path.join(homeFolder, "comparisons"),
    clock: SYSTEM_CLOCK,
    log,
  });
  return { exports, exporter, exportDownloads: downloads, modelComparer };
}

import path from "node:path";
import type { ApiServices } from "../api/api-services.js";
import type { Config } from "../core/config.js";
import type { Database } from "../db/database.js";
import { ExportProcess } from "../exports/attempt/export-process.js";
import { ExportDownloads } from "../exports/jobs/export-downloads.js";
import { ExportEventStore } from "../exports/jobs/export-event-store.js";
import { ExportFiles } from "../exports/jobs/export-files.js";
import { ExportImagesStore } from "../exports/jobs/export-images-store.js";
import { ExportPlanner } from "../exports/jobs/export-planner.js";
import { ExportStore } from "../exports/jobs/export-store.js";
import { ModelExporter } from "../exports/jobs/model-exporter.js";
import type { Log } from "../telemetry/log.js";
import type { composeTraining } from "./training.js";

export interface ExportsFoundation {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** The addon of TensorFlow. */
  readonly addonFile: string;
  readonly training: Pick<
    Awaited<ReturnType<typeof composeTraining>>,
    "models" | "registry" | "blobsFolder" | "product"
  >;
}

/** Creates and connects the parts that export model versions, and starts nothing. */
export function composeExports({
  config,
  log,
  database,
  addonFile,
  training,
}: ExportsFoundation): Pick<ApiServices, "exports" | "exporter" | "exportDownloads"> {
  const { homeFolder, cacheFolder, python, threads, limits, logLevel } = config;
  const { models, registry, blobsFolder, product } = training;
  const exports = new ExportStore(database);
  const files = new ExportFiles(path.join(homeFolder, "exports"));
  const exporter = new ModelExporter({
    stores: { exports, events: new ExportEventStore(database) },
    models,
    planner: new ExportPlanner(models, registry, new ExportImagesStore(database), {
      product,
      blobsFolder,
      cacheFolder,
      python,
      threads,
      addonFile,
      limits,
    }),
    files,
    process: new ExportProcess({ log, logLevel }),
    log,
  });
  return { exports, exporter, exportDownloads: new ExportDownloads(exports, files) };
}

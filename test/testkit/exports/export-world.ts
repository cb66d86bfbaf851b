import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import type { Database } from "../../../src/db/database.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { digestFolder } from "../../../src/engine/folder-digest.js";
import { ExportProcess } from "../../../src/exports/attempt/export-process.js";
import { ExportDownloads } from "../../../src/exports/jobs/export-downloads.js";
import { ExportEventStore } from "../../../src/exports/jobs/export-event-store.js";
import { ExportFiles } from "../../../src/exports/jobs/export-files.js";
import { ExportImagesStore } from "../../../src/exports/jobs/export-images-store.js";
import { ExportPlanner } from "../../../src/exports/jobs/export-planner.js";
import type { ModelExportRecord } from "../../../src/exports/jobs/export-records.js";
import { ExportStore } from "../../../src/exports/jobs/export-store.js";
import { type ExportRequest, ModelExporter } from "../../../src/exports/jobs/model-exporter.js";
import { networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import { formatManifest, MANIFEST_FILE } from "../../../src/registry/model-manifest.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { createLog } from "../../../src/telemetry/log.js";
import { insertTrainedRun, TINY_CONFIGURATION } from "../trained-run.js";
import { EXPORT_CHILD } from "./export-job-of.js";

/** The exporting part of the product, whose processes run `export-child.ts` in the place of TensorFlow. */
export interface ExportWorld extends AsyncDisposable {
  readonly database: Database;
  readonly exportsFolder: string;
  readonly exports: ExportStore;
  readonly images: ExportImagesStore;
  readonly planner: ExportPlanner;
  readonly files: ExportFiles;
  readonly downloads: ExportDownloads;
  readonly exporter: ModelExporter;
  /** The error that the log received last. */
  readonly logged: readonly string[];
  /** Adds a version whose exports do what `action` says. */
  addVersion(action: string, images?: Images): Promise<ModelVersionRecord>;
  /** Starts an export of a version. */
  start(version: ModelVersionRecord, request?: Partial<ExportRequest>): Promise<ModelExportRecord>;
  /** Waits until an export has ended. */
  end(id: string): Promise<ModelExportRecord>;
}

/** Numbers of images in the splits of a version's dataset. */
export interface Images {
  readonly TRAIN?: number;
  readonly VALIDATION?: number;
  readonly TEST?: number;
}

const NEVER = new AbortController().signal;

export function composeExportWorld(homeFolder: string, database: Database): ExportWorld {
  const logged: string[] = [];
  const log = createLog("warn", { write: (line) => logged.push(line) });
  const models = new ModelStore(database);
  const registry = new ModelRegistry({
    models,
    runs: new TrainedRunStore(database),
    host: null as unknown as EngineHost, // Registers nothing here.
    homeFolder,
    log,
  });
  const exportsFolder = path.join(homeFolder, "exports");
  const exports = new ExportStore(database);
  const files = new ExportFiles(exportsFolder);
  const images = new ExportImagesStore(database);
  const planner = new ExportPlanner(models, registry, images, {
    product: "espalier 0",
    blobsFolder: path.join(homeFolder, "blobs"),
    cacheFolder: homeFolder,
    python: null,
    threads: 1,
    addonFile: path.join(homeFolder, "addon"),
    limits: { imageBytes: 1, imagePixels: 1 },
  });
  const exporter = new ModelExporter({
    stores: { exports, events: new ExportEventStore(database) },
    models,
    planner,
    files,
    process: new ExportProcess({ log, logLevel: "silent", program: EXPORT_CHILD }),
    log,
  });
  return {
    database,
    exportsFolder,
    exports,
    images,
    planner,
    files,
    downloads: new ExportDownloads(exports, files),
    exporter,
    logged,
    addVersion: async (action, counts = { TRAIN: 6, TEST: 3 }) => {
      const { runId, datasetVersionId, classNames } = await insertTrainedRun(database);
      await insertImages(database, datasetVersionId, counts);
      const id = newId("modelVersion");
      const folder = registry.folderOf(id);
      await mkdir(folder, { recursive: true });
      const network = networkOfRun(TINY_CONFIGURATION, classNames.length, "FLOAT32");
      const manifest = formatManifest({
        signatures: {},
        classNames,
        inputContract: inputContractOf(network),
        network,
        exportedPrecision: "FLOAT32",
        dataset: { ref: "flowers:1", hash: "a1b2" },
        run: { id: runId, epoch: 1 },
      });
      await writeFile(path.join(folder, MANIFEST_FILE), manifest);
      const version = await models.insertVersion({
        id,
        modelId: newId("model"),
        modelName: "flowers",
        description: action,
        runId,
        datasetVersionId,
        epoch: 1,
        checkpointSha256: "c1",
        classNames,
        imageSizePixels: network.imageSizePixels,
        inputContract: inputContractOf(network),
        configuration: TINY_CONFIGURATION,
        metrics: null,
        parameterCount: 12_345,
        ...(await digestFolder(folder)),
        idempotency: null,
      });
      if (version === null) throw new Error("The version was not inserted.");
      return version;
    },
    start: ({ modelName, number }, request = {}) =>
      exporter.start({
        modelVersion: `${modelName}:${number}`,
        format: "SAVED_MODEL",
        precision: "FLOAT32",
        calibrationImages: null,
        proofImages: null,
        bounds: null,
        idempotencyKey: null,
        ...request,
      }),
    end: async (id) => {
      for await (const _event of exporter.follow(id, null, NEVER));
      const [ended] = await exports.find([id]);
      if (ended === undefined) throw new Error(`There is no export ${id}.`);
      return ended;
    },
    [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose](),
  };
}

async function insertImages(database: Database, versionId: string, counts: Images): Promise<void> {
  let position = 0;
  for (const split of ["TRAIN", "VALIDATION", "TEST"] as const) {
    for (let index = 0; index < (counts[split] ?? 0); index++, position++) {
      await database.prisma.sample.create({
        data: {
          id: newId("sample"),
          versionId,
          position,
          classIndex: index % 3,
          split,
          sourceName: `${split}/${index}.png`,
          contentHash: `${split}-${index}`,
          widthPixels: 32,
          heightPixels: 32,
        },
      });
    }
  }
}

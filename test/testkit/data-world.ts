import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Config, parseConfig } from "../../src/core/config.js";
import type { DatasetVersionRecord, ImportEvent } from "../../src/core/dataset-records.js";
import { FolderBlobStore } from "../../src/data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../src/data/images/decoder.js";
import { DatasetImporter } from "../../src/data/imports/dataset-import.js";
import { DatasetImportStore } from "../../src/data/imports/dataset-import-store.js";
import { ImportEventStore } from "../../src/data/imports/import-event-store.js";
import { UploadStore } from "../../src/data/imports/upload-store.js";
import { Uploads } from "../../src/data/imports/uploads.js";
import { TensorShards } from "../../src/data/shards/tensor-shards.js";
import { DatasetStore } from "../../src/data/versions/dataset-store.js";
import type { Database } from "../../src/db/database.js";
import { createTestDatabase, testLog } from "./postgres/database.js";
import { temporaryFolder } from "./temporary-folder.js";

/** The data part of the product with a database and a home folder of its own. */
export interface DataWorld extends AsyncDisposable {
  readonly config: Config;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly datasets: DatasetStore;
  readonly imports: DatasetImportStore;
  readonly blobs: FolderBlobStore;
  readonly decoder: ImageDecoder;
  readonly uploads: Uploads;
  readonly importer: DatasetImporter;
  readonly shards: TensorShards;
  /** A folder that imports may read. */
  readonly importRoot: string;
  /** Uploads bytes and returns the id of the upload. */
  upload(bytes: Uint8Array): Promise<string>;
  /** Imports and returns the finished version. */
  import(input: ImportInput): Promise<DatasetVersionRecord>;
}

export interface ImportInput {
  readonly dataset?: string;
  readonly source: { readonly uploadId: string } | { readonly folder: string };
  readonly validation?: number;
  readonly test?: number;
  readonly seed?: number;
  readonly idempotencyKey?: string;
}

export async function openDataWorld(limits: Partial<Config["limits"]> = {}): Promise<DataWorld> {
  const home = await temporaryFolder();
  const testDatabase = await createTestDatabase();
  const world = await composeDataWorld(home.folder, testDatabase.database, testDatabase.url, limits);
  return {
    ...world,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await testDatabase[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Opens the same over an existing folder and database. Disposing keeps both. */
export async function composeDataWorld(
  homeFolder: string,
  database: Database,
  databaseUrl: string,
  limits: Partial<Config["limits"]> = {},
): Promise<DataWorld> {
  const importRoot = path.join(homeFolder, "import-root");
  await mkdir(importRoot, { recursive: true });
  const parsed = parseConfig({ ESPALIER_HOME: homeFolder, ESPALIER_IMPORT_ROOTS: importRoot });
  const config: Config = { ...parsed, limits: { ...parsed.limits, ...limits } };
  const datasets = new DatasetStore(database);
  const imports = new DatasetImportStore(database);
  const blobs = new FolderBlobStore(path.join(homeFolder, "blobs"));
  const decoder = new ImageDecoder(config.limits);
  const uploads = new Uploads({
    store: new UploadStore(database),
    folder: path.join(homeFolder, "uploads"),
    limits: config.limits,
  });
  const importer = new DatasetImporter({
    config,
    stores: { datasets, imports, events: new ImportEventStore(database) },
    uploads,
    blobs,
    decoder,
    log: testLog,
  });
  const shards = new TensorShards({ datasets, blobs, decoder, folder: path.join(homeFolder, "shards") });
  return {
    config,
    database,
    databaseUrl,
    datasets,
    imports,
    blobs,
    decoder,
    uploads,
    importer,
    shards,
    importRoot,
    async upload(bytes) {
      const { uploadId } = await uploads.create({ sizeBytes: null, sha256: null, tokenId: "tok_test" });
      await uploads.receive(uploadId, chunksOf(bytes));
      return uploadId;
    },
    async import({ dataset = "flowers", source, validation = 0.2, test = 0.2, seed = 0, idempotencyKey }) {
      const { id } = await importer.start({
        dataset,
        description: null,
        source,
        split: { validation, test, seed },
        idempotencyKey: idempotencyKey ?? null,
      });
      await followImport(importer, id);
      const [version] = await datasets.findVersions([id]);
      if (version === undefined) throw new Error("The imported version is gone.");
      return version;
    },
    [Symbol.asyncDispose]: () => importer[Symbol.asyncDispose](),
  };
}

/** Returns all events of an import until its end. */
export async function followImport(
  importer: DatasetImporter,
  versionId: string,
  after: string | null = null,
): Promise<ImportEvent[]> {
  const events: ImportEvent[] = [];
  for await (const event of importer.follow(versionId, after, new AbortController().signal))
    events.push(event);
  return events;
}

async function* chunksOf(bytes: Uint8Array, chunkBytes = 65_536): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

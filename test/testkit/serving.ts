import path from "node:path";
import { type Limits, parseConfig } from "../../src/core/config.js";
import { FolderBlobStore } from "../../src/data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../src/data/images/decoder.js";
import { UploadStore } from "../../src/data/imports/upload-store.js";
import { Uploads } from "../../src/data/imports/uploads.js";
import { DatasetStore } from "../../src/data/versions/dataset-store.js";
import type { Database } from "../../src/db/database.js";
import type { ModelRegistry } from "../../src/registry/model-registry.js";
import { ModelStore } from "../../src/registry/model-store.js";
import { Classifier } from "../../src/serving/classifier.js";
import { ImageSource } from "../../src/serving/image-source.js";
import { ModelCache } from "../../src/serving/model-cache.js";

/** A classifier and its sources. The cache must be disposed before the engine. */
export interface Serving {
  readonly classifier: Classifier;
  readonly cache: ModelCache;
  readonly samples: DatasetStore;
  readonly blobs: FolderBlobStore;
  readonly uploads: Uploads;
}

/** Composes serving like the product, with the images and models of a home folder. */
export function servingOver(
  database: Database,
  homeFolder: string,
  registry: ModelRegistry,
  changedLimits: Partial<Limits> = {},
): Serving {
  const limits: Limits = { ...parseConfig({}).limits, ...changedLimits };
  const blobs = new FolderBlobStore(path.join(homeFolder, "blobs"));
  const samples = new DatasetStore(database);
  const store = new UploadStore(database);
  const uploads = new Uploads({ store, folder: path.join(homeFolder, "uploads"), limits });
  const cache = new ModelCache({ registry });
  const classifier = new Classifier({
    models: new ModelStore(database),
    cache,
    images: new ImageSource({ uploads, samples, blobs, limits }),
    decoder: new ImageDecoder(limits),
    limits,
  });
  return { classifier, cache, samples, blobs, uploads };
}

import path from "node:path";
import { type Limits, parseConfig } from "../../src/core/config.js";
import { BlobStore } from "../../src/data/blobs/blob-store.js";
import { ImageDecoder } from "../../src/data/images/decoder.js";
import { UploadStore } from "../../src/data/imports/upload-store.js";
import { Uploads } from "../../src/data/imports/uploads.js";
import { DatasetStore } from "../../src/data/versions/dataset-store.js";
import type { Database } from "../../src/db/database.js";
import type { ModelRegistry } from "../../src/registry/model-registry.js";
import { ModelStore } from "../../src/registry/model-store.js";
import { Classifier } from "../../src/serving/classifier.js";
import { ModelCache } from "../../src/serving/model-cache.js";
import { PictureSource } from "../../src/serving/picture-source.js";

/** A classifier and what it reads from; dispose the cache before the engine. */
export interface Serving {
  readonly classifier: Classifier;
  readonly cache: ModelCache;
  readonly samples: DatasetStore;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
}

/** Serving as the product wires it, over the pictures and models of a home folder. */
export function servingOver(
  database: Database,
  homeFolder: string,
  registry: ModelRegistry,
  changedLimits: Partial<Limits> = {},
): Serving {
  const limits: Limits = { ...parseConfig({}).limits, ...changedLimits };
  const blobs = new BlobStore(path.join(homeFolder, "blobs"));
  const samples = new DatasetStore(database);
  const store = new UploadStore(database);
  const uploads = new Uploads({ store, folder: path.join(homeFolder, "uploads"), limits });
  const cache = new ModelCache({ registry });
  const classifier = new Classifier({
    models: new ModelStore(database),
    cache,
    pictures: new PictureSource({ uploads, samples, blobs, limits }),
    decoder: new ImageDecoder(limits),
    limits,
  });
  return { classifier, cache, samples, blobs, uploads };
}

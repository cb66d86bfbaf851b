import path from "node:path";
import sharp from "sharp";
import { parseConfig } from "../../../src/core/config.js";
import type { Split } from "../../../src/core/enumerations.js";
import { newId } from "../../../src/core/ids.js";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../../src/data/images/decoder.js";
import { TensorShards } from "../../../src/data/shards/tensor-shards.js";
import { DatasetStore } from "../../../src/data/versions/dataset-store.js";
import type { Database } from "../../../src/db/database.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";

const SIZE_PIXELS = 32;
const IMAGES = 60;
const TEST_IMAGES = 12;
const CLASS_NAMES = ["blue", "red"];
/** Average red, green and blue; every pixel differs from it by up to 60. */
const COLORS = [
  [90, 90, 160],
  [160, 90, 90],
] as const;

/**
 * The dataset "drawn": 50 noisy images for training, 10 for validation and 12 for testing, half of them bluish and half
 * reddish.
 */
export async function insertDrawnImages(database: Database, homeFolder: string): Promise<void> {
  const blobs = blobsOf(homeFolder);
  const [datasetId, versionId] = [newId("dataset"), newId("datasetVersion")];
  await rawSql(database, `insert into dataset (id, name) values ($1, 'drawn')`, [datasetId]);
  await rawSql(
    database,
    `insert into dataset_version (id, dataset_id, number, status, hash, class_names, split_seed,
       validation_fraction, test_fraction, sample_count, source)
     values ($1, $2, 1, 'READY', repeat('d', 64), $3, 0, 0.14, 0.17, $4, '{}')`,
    [versionId, datasetId, CLASS_NAMES, IMAGES + TEST_IMAGES],
  );
  const random = noise(1);
  for (let position = 0; position < IMAGES + TEST_IMAGES; position++) {
    const classIndex = position % CLASS_NAMES.length;
    const contentHash = await blobs.put(await draw(classIndex, random));
    await rawSql(
      database,
      `insert into sample (id, version_id, position, class_index, split, source_name, content_hash, width_pixels,
         height_pixels) values ($1, $2, $3, $4, $5::split, $6, $7, $8, $8)`,
      [
        newId("sample"),
        versionId,
        position,
        classIndex,
        splitOf(position),
        `${position}.png`,
        contentHash,
        SIZE_PIXELS,
      ],
    );
  }
}

function splitOf(position: number): Split {
  if (position >= IMAGES) return "TEST";
  return position % 6 < 1 ? "VALIDATION" : "TRAIN";
}

/** Packs the images for training. */
export function shardsOf(database: Database, homeFolder: string): TensorShards {
  return new TensorShards({
    datasets: new DatasetStore(database),
    blobs: blobsOf(homeFolder),
    decoder: new ImageDecoder(parseConfig({}).limits),
    folder: path.join(homeFolder, "shards"),
  });
}

export function blobsOf(homeFolder: string): FolderBlobStore {
  return new FolderBlobStore(path.join(homeFolder, "blobs"));
}

function draw(classIndex: number, random: () => number): Promise<Uint8Array> {
  const color = COLORS[classIndex] ?? [0, 0, 0];
  const pixels = Uint8Array.from(
    { length: SIZE_PIXELS * SIZE_PIXELS * 3 },
    (_value, index) => (color[index % 3] ?? 0) + (random() % 121) - 60,
  );
  return sharp(pixels, { raw: { width: SIZE_PIXELS, height: SIZE_PIXELS, channels: 3 } })
    .png()
    .toBuffer();
}

/** Always the same numbers, so that every test trains on the same images. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
}

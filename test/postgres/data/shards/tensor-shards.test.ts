import assert from "node:assert/strict";
import { readdir, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { DatasetVersionRecord } from "../../../../src/core/dataset-records.js";
import { readSampleImage } from "../../../../src/data/versions/sample-image.js";
import { type DataWorld, openDataWorld } from "../../../testkit/data-world.js";
import { zipOf } from "../../../testkit/files/archives.js";
import { classFolders } from "../../../testkit/files/images.js";
import { seededRandom } from "../../../testkit/random.js";

const SIZE = 12;
const IMAGE_BYTES = SIZE * SIZE * 3;

async function importFlowers(world: DataWorld, dataset = "flowers"): Promise<DatasetVersionRecord> {
  const files = await classFolders({ daisy: 20, rose: 15 });
  return world.import({ dataset, source: { uploadId: await world.upload(zipOf(files)) } });
}

const shardFiles = (world: DataWorld) => readdir(path.join(world.config.homeFolder, "shards"));

describe("packed images", () => {
  test("have the pixels of the decoder, the label and the split at every position", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    await using reader = await world.shards.open(version.id, SIZE);
    const samples = await world.datasets.allSamples(version.id);
    assert.equal(reader.index.sampleCount, 35);
    assert.equal(reader.imageBytes, IMAGE_BYTES);
    assert.deepEqual(
      [...reader.index.labels],
      samples.map(({ classIndex }) => classIndex),
    );
    for (const split of ["TRAIN", "VALIDATION", "TEST"] as const) {
      assert.deepEqual(
        [...reader.index.positionsOf(split)],
        samples.flatMap((sample) => (sample.split === split ? [sample.position] : [])),
      );
    }
    const into = new Uint8Array(IMAGE_BYTES);
    for (const sample of samples) {
      await reader.readImages([sample.position], into);
      assert.deepEqual(
        into,
        new Uint8Array(await world.decoder.decodeRgb(await readSampleImage(world.blobs, sample), SIZE)),
      );
    }
    const bySplit = (["TRAIN", "VALIDATION", "TEST"] as const).map((split) => [
      ...reader.index.positionsOf(split),
    ]);
    assert.deepEqual(
      bySplit.flat().sort((a, b) => a - b),
      samples.map(({ position }) => position),
    );
  });

  test("are read in the requested order, even by many readers at the same time", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    await using reader = await world.shards.open(version.id, SIZE);
    const whole = new Uint8Array(35 * IMAGE_BYTES);
    await reader.readImages(
      Int32Array.from({ length: 35 }, (_, position) => position),
      whole,
    );
    const random = seededRandom(4);
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const positions = Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
          Math.floor(random() * 35),
        );
        const into = new Uint8Array((positions.length + 1) * IMAGE_BYTES);
        await reader.readImages(positions, into);
        for (const [index, position] of positions.entries()) {
          assert.deepEqual(
            into.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES),
            whole.subarray(position * IMAGE_BYTES, (position + 1) * IMAGE_BYTES),
          );
        }
      }),
    );
  });

  test("cannot be read at invalid positions or into too little memory", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    await using reader = await world.shards.open(version.id, SIZE);
    for (const position of [-1, 35, 1.5, Number.NaN]) {
      await assert.rejects(reader.readImages([position], new Uint8Array(IMAGE_BYTES)), RangeError);
    }
    await assert.rejects(reader.readImages([0, 1], new Uint8Array(IMAGE_BYTES)), RangeError);
    await reader.readImages([], new Uint8Array());
  });

  test("are built once for each size and manifest, and shared between equal versions", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    const equal = await importFlowers(world, "the-same-flowers");
    let decoded = 0;
    const count = (done: number, total: number): void => {
      assert.equal(total, 35);
      decoded = done;
    };
    const readers = await Promise.all(
      Array.from({ length: 4 }, () => world.shards.open(version.id, SIZE, count)),
    );
    for (const reader of readers) await reader[Symbol.asyncDispose]();
    assert.equal(decoded, 35);
    decoded = 0;
    for (const id of [version.id, equal.id])
      await (await world.shards.open(id, SIZE, count))[Symbol.asyncDispose]();
    assert.equal(decoded, 0, "nothing is decoded again");
    await (await world.shards.open(version.id, 8))[Symbol.asyncDispose]();
    assert.deepEqual(
      (await shardFiles(world)).sort(),
      [`${version.hash}-12.rgb`, `${version.hash}-8.rgb`, "partial"].sort(),
    );
  });

  test("are built again when their file was damaged", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    await (await world.shards.open(version.id, SIZE))[Symbol.asyncDispose]();
    const file = path.join(world.config.homeFolder, "shards", `${version.hash}-${SIZE}.rgb`);
    await truncate(file, 100);
    await (await world.shards.open(version.id, SIZE))[Symbol.asyncDispose]();
    assert.equal((await stat(file)).size, 35 * IMAGE_BYTES);
  });

  test("are no longer built when nobody waits, and leave no file", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    const stop = new AbortController();
    const cancelled = world.shards.open(
      version.id,
      SIZE,
      () => stop.abort(new Error("changed my mind")),
      stop.signal,
    );
    await assert.rejects(cancelled, /changed my mind/);
    await using reader = await world.shards.open(version.id, SIZE);
    assert.equal(reader.index.sampleCount, 35);
    await assert.rejects(world.shards.open(version.id, SIZE, undefined, stop.signal), /changed my mind/);
  });

  test("continue to be built for a caller that still waits", async () => {
    await using world = await openDataWorld();
    const version = await importFlowers(world);
    const stop = new AbortController();
    const [left, stayed] = await Promise.allSettled([
      world.shards.open(version.id, SIZE, () => stop.abort(new Error("changed my mind")), stop.signal),
      world.shards.open(version.id, SIZE),
    ]);
    assert.equal(left.status, "rejected");
    assert.equal(stayed.status, "fulfilled");
    if (stayed.status === "fulfilled") await stayed.value[Symbol.asyncDispose]();
  });

  test("need a READY version", async () => {
    await using world = await openDataWorld();
    const failed = await world.import({
      source: { uploadId: await world.upload(Buffer.from("no archive")) },
    });
    const codeOf = async (work: Promise<unknown>) => {
      const outcome: unknown = await work.catch((error: unknown) => error);
      return outcome instanceof AppError ? outcome.code : String(outcome);
    };
    assert.equal(await codeOf(world.shards.open(failed.id, SIZE)), "DATASET_VERSION_NOT_READY");
    assert.equal(await codeOf(world.shards.open("dsv_unknown", SIZE)), "DATASET_VERSION_NOT_FOUND");
  });
});

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { newId } from "../../../src/core/ids.js";
import type { Classification, ClassProbability, ImageResult } from "../../../src/serving/classifier.js";
import type { RequestedImage } from "../../../src/serving/image-source.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  type TrainedRun,
  trainTinyRun,
} from "../../testkit/registry-world.js";
import { type Serving, servingOver } from "../../testkit/serving.js";

const SIZE = 32;
const CLASSES = ["daisy", "rose", "tulip"];
/** More than one batch of different images. */
const IMAGE_COUNT = 40;
const IMAGES = noiseImages(IMAGE_COUNT, SIZE, 5);

let world: RegistryWorld;
let run: TrainedRun;
let serving: Serving;
let files: readonly Buffer[];

before(async () => {
  world = await createRegistryWorld();
  serving = servingOver(world.database, world.homeFolder, world.registry, { imageBytes: 20_000 });
  run = await trainTinyRun(world, IMAGES);
  await register("flowers", run.runId);
  files = await Promise.all(
    Array.from({ length: IMAGE_COUNT }, (_, index) => {
      const bytes = SIZE * SIZE * 3;
      const rgb = (IMAGES.data as Uint8Array).subarray(index * bytes, (index + 1) * bytes);
      return sharp(rgb, { raw: { width: SIZE, height: SIZE, channels: 3 } })
        .png()
        .toBuffer();
    }),
  );
});

after(async () => {
  await serving.cache[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function register(model: string, runId: string): Promise<void> {
  await world.registry.register({ model, runId, description: null, idempotencyKey: null });
}

function fileOf(index: number): Buffer {
  return files[index] ?? assert.fail();
}

function base64(bytes: Uint8Array): RequestedImage {
  return { base64: Buffer.from(bytes).toString("base64") };
}

async function classify(
  images: readonly RequestedImage[],
  { model = "flowers", topK = 3 } = {},
): Promise<Classification> {
  return serving.classifier.classify({ model, images, topK });
}

function topOf(result: ImageResult | undefined): readonly ClassProbability[] {
  assert.equal(result?.kind, "classification");
  return result.top;
}

/** The result of the training graph's `predict` for image `index`, the most probable class first. */
function expectedTop(index: number, trained: TrainedRun = run): ClassProbability[] {
  return CLASSES.map((label, column) => ({
    label,
    probability: trained.probabilities[index * CLASSES.length + column] ?? Number.NaN,
  })).sort((a, b) => b.probability - a.probability);
}

async function upload(bytes: Uint8Array): Promise<string> {
  const { uploadId } = await serving.uploads.create({
    sizeBytes: null,
    sha256: null,
    tokenId: newId("accessToken"),
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  await serving.uploads.receive(uploadId, body());
  return uploadId;
}

async function insertSample(contentHash: string, position: number): Promise<string> {
  const id = newId("sample");
  await rawSql(
    world.database,
    `insert into sample (id, version_id, position, class_index, split, source_name, content_hash, width_pixels, height_pixels)
     select $1, dataset_version_id, $2, 0, 'TEST', 'daisy/a.png', $3, 32, 32 from run where id = $4`,
    [id, position, contentHash, run.runId],
  );
  return id;
}

test("many images are classified in their order, with the results of the trained network", async () => {
  const { results, modelVersion, latencyMs } = await classify(files.map(base64));
  assert.equal(results.length, IMAGE_COUNT);
  for (const [index, result] of results.entries()) {
    const top = topOf(result);
    // A batch of 32 is computed in other blocks than a batch of 40.
    for (const [rank, expected] of expectedTop(index).entries()) {
      assert.equal(top[rank]?.label, expected.label);
      assert.ok(Math.abs((top[rank]?.probability ?? 0) - expected.probability) < 1e-6);
    }
    assert.ok(Math.abs(top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-6);
  }
  assert.equal(modelVersion.number, 1);
  assert.equal(modelVersion.runId, run.runId);
  assert.ok(latencyMs > 0);
});

test("an image in the request, in an upload and in a dataset gives the same result", async () => {
  const uploadId = await upload(fileOf(3));
  const sampleId = await insertSample(await serving.blobs.put(fileOf(3)), 0);
  const { results } = await classify([base64(fileOf(3)), { uploadId }, { sampleId }]);
  const [first, second, third] = results.map(topOf);
  assert.deepEqual(second, first);
  assert.deepEqual(third, first);
});

test("an unreadable image fails with a reason, without affecting the others", async () => {
  const lost = "f".repeat(64);
  const jpeg = await sharp(fileOf(0)).resize(90, 90).jpeg().toBuffer();
  const bad: readonly (readonly [RequestedImage, string])[] = [
    [{ base64: "" }, "EMPTY"],
    [{ base64: "not base64!" }, "NOT_AN_IMAGE"],
    [{ base64: "QUJDRA=" }, "NOT_AN_IMAGE"],
    [{ base64: "QUJDRB==" }, "NOT_AN_IMAGE"],
    [{ base64: `data:image/png;base64,${fileOf(0).toString("base64")}` }, "NOT_AN_IMAGE"],
    [{ base64: "A".repeat(40_000) }, "TOO_LARGE"],
    [base64(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")), "UNSUPPORTED_FORMAT"],
    [base64(jpeg.subarray(0, jpeg.length / 2)), "TRUNCATED"],
    [{ uploadId: await upload(Buffer.from("plain text")) }, "NOT_AN_IMAGE"],
    [{ uploadId: await upload(Buffer.alloc(30_000)) }, "TOO_LARGE"],
    [{ sampleId: await insertSample(lost, 1) }, "DAMAGED"],
  ];
  const images = bad.flatMap(([input], index) => [input, base64(fileOf(index))]);
  const { results } = await classify(images);
  for (const [index, [, reason]] of bad.entries()) {
    const failure = results[2 * index];
    assert.equal(failure?.kind, "failure");
    assert.equal(failure.reason, reason, `${index}: ${failure.detail}`);
    assert.ok(failure.detail.length > 0 && !failure.detail.includes(world.homeFolder));
    assert.equal(topOf(results[2 * index + 1])[0]?.label, expectedTop(index)[0]?.label);
  }
});

test("a call with unreadable images only, or without images, succeeds", async () => {
  const { results } = await classify([{ base64: "" }]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ["failure"],
  );
  assert.deepEqual((await classify([])).results, []);
});

test("an unknown id fails the call, and the error names it", async () => {
  const good = base64(fileOf(0));
  await assert.rejects(classify([good, { sampleId: newId("sample") }]), {
    code: "SAMPLE_NOT_FOUND",
    path: ["images", "1", "sampleId"],
  });
  await assert.rejects(classify([good, { uploadId: newId("upload") }]), {
    code: "UPLOAD_NOT_FOUND",
    path: ["images", "1", "uploadId"],
  });
});

test("topK limits the number of classes, up to all of them", async () => {
  for (const [topK, count] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 3],
  ] as const) {
    const { results } = await classify([base64(fileOf(0))], { topK });
    assert.equal(topOf(results[0]).length, count);
  }
  for (const topK of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(classify([base64(fileOf(0))], { topK }), { code: "TOP_K_INVALID" });
  }
});

test("too many images are refused before any is read", async () => {
  await assert.rejects(classify(Array.from({ length: 65 }, () => ({ base64: "" }))), {
    code: "TOO_MANY_IMAGES",
    path: ["images"],
  });
});

test("an unknown model, version or alias is refused", async () => {
  for (const model of ["unknown", "flowers:99", "flowers@nobody", "flowers:0", ""]) {
    await assert.rejects(classify([], { model }), { code: "MODEL_VERSION_NOT_FOUND", path: ["model"] });
  }
});

test("a moved alias takes effect with the next call", async () => {
  const other = await trainTinyRun(world, IMAGES);
  await register("moving", run.runId);
  await register("moving", other.runId);
  const answeredBy = async (version: number): Promise<number> => {
    await world.registry.setAlias({ model: "moving", alias: "champion", version });
    const { modelVersion } = await classify([base64(fileOf(0))], { model: "moving@champion" });
    return modelVersion.number;
  };
  for (const version of [1, 2, 1]) assert.equal(await answeredBy(version), version);
});

test("a damaged model is refused for every image", async () => {
  await register("damaged", run.runId);
  const version = await world.models.findVersionByRef("damaged");
  await rm(path.join(world.registry.folderOf(version?.id ?? ""), "espalier.json"));
  await assert.rejects(classify([base64(fileOf(0))], { model: "damaged" }), { code: "MODEL_DAMAGED" });
});

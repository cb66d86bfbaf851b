import assert from "node:assert/strict";
import { test } from "node:test";
import type { VariablesOf } from "@graphql-typed-document-node/core";
import sharp from "sharp";
import { graphql } from "../../../src/client/generated/gql.js";
import { type Augmentation, NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import { readSampleImage } from "../../../src/data/versions/sample-image.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { TINY_NETWORK, TINY_TRAINING } from "../../engine/graph/tiny-network.js";
import { importFlowers } from "../../testkit/api/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { startEngineWithFolder } from "../../testkit/engine.js";
import { assertSameImages, assertSamePixels } from "../../testkit/files/same-pixels.js";

const SIZE = TINY_NETWORK.imageSizePixels;
const SEED = 11;
const AUGMENTATION: Augmentation = {
  ...NO_AUGMENTATION,
  horizontalFlip: true,
  rotationDegrees: 20,
  widthShift: 0.1,
  heightShift: 0.1,
  zoom: 0.2,
  brightness: 0.1,
  contrast: 0.25,
  fillMode: "WRAP",
};

const PREVIEW = graphql(`query AugmentationPreview(
  $ref: String!
  $sample: ID!
  $augmentation: AugmentationInput!
  $count: Int
  $seed: Int
  $size: Int
) {
  datasetVersion(ref: $ref) {
    augmentationPreview(
      sampleId: $sample
      augmentation: $augmentation
      count: $count
      seed: $seed
      sizePixels: $size
    )
  }
}`);

const TRAINING_SAMPLES = graphql(`query AugmentationSamples($ref: String!) {
  datasetVersion(ref: $ref) { samples(first: 2, filter: { split: TRAIN }) { nodes { id } } }
}`);

test("a preview shows the images that training sees", async (t) => {
  await using server = await startTestServer();
  const ref = await importFlowers(server);
  const sample = await secondSample(server, ref);
  const variables = { ref, sample, augmentation: AUGMENTATION, seed: SEED, size: SIZE };
  const urls = async (own: Partial<VariablesOf<typeof PREVIEW>> = {}): Promise<readonly string[]> => {
    const { datasetVersion } = await server.viewer.ask(PREVIEW, { ...variables, ...own });
    assert.ok(datasetVersion);
    return datasetVersion.augmentationPreview;
  };

  await t.test("its images are those of the training graph, epoch by epoch, pixel for pixel", async () => {
    const images = await Promise.all((await urls({ count: 3 })).map((url) => pixelsAt(server, url)));
    const seen = await seenInTraining(server, sample, [1, 2, 3]);
    assertSameImages(images, seen);
    assert.equal(new Set(images.map(String)).size, 3);
  });

  await t.test("without augmentation it shows the original image", async () => {
    const { services } = server;
    const [url = ""] = await urls({ augmentation: {}, count: 1 });
    const [record] = await services.datasets.findSamples([sample]);
    assert.ok(record);
    const bytes = await readSampleImage(services.blobs, record);
    const original = await services.imageDecoder.decodeRgb(bytes, SIZE);
    assertSamePixels(await pixelsAt(server, url), [...original]);
  });

  await t.test("many settings can be previewed at the same time", async () => {
    const all = await Promise.all(
      Array.from({ length: 9 }, (_, seed) => urls({ seed, count: 1, augmentation: { rotationDegrees: 90 } })),
    );
    const images = await Promise.all(all.flat().map((url) => pixelsAt(server, url)));
    assert.equal(new Set(images.map(String)).size, 9);
  });

  await t.test("it has eight images of 224 pixels by default", async () => {
    const [url = "", ...others] = await urls({ count: null, seed: null, size: null });
    assert.equal(others.length, 7);
    const response = await server.viewer.fetch(url);
    assert.equal(response.headers.get("content-type"), "image/png");
    assert.match(response.headers.get("cache-control") ?? "", /^private/);
    const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.deepEqual([width, height], [224, 224]);
  });

  await t.test("an invalid preview is refused with the argument at fault", async () => {
    const refusals: readonly [argument: Partial<VariablesOf<typeof PREVIEW>>, code: string, path: string][] =
      [
        [{ count: 33 }, "CONFIGURATION_INVALID", "count"],
        [{ count: 0 }, "CONFIGURATION_INVALID", "count"],
        [{ size: 31 }, "CONFIGURATION_INVALID", "sizePixels"],
        [{ size: 1025 }, "CONFIGURATION_INVALID", "sizePixels"],
        [{ seed: -1 }, "CONFIGURATION_INVALID", "seed"],
        [{ augmentation: { zoom: 1 } }, "CONFIGURATION_INVALID", "augmentation.zoom"],
        [{ sample: "smp_1" }, "SAMPLE_NOT_FOUND", "sampleId"],
      ];
    for (const [argument, code, path] of refusals) {
      const { errors = [] } = await server.viewer.send(PREVIEW, { ...variables, ...argument });
      assert.equal(errors[0]?.extensions.code, code, JSON.stringify(argument));
      assert.deepEqual(errors[0]?.extensions.inputPath, ["augmentationPreview", ...path.split(".")]);
    }
  });

  await t.test("its URLs require a token and refuse values out of range", async () => {
    const [url = ""] = await urls({ count: 1 });
    assert.equal((await server.viewer.fetch(url)).status, 200);
    assert.equal((await server.anonymous.fetch(url)).status, 401);
    assert.equal((await server.viewer.fetch(url.replace(sample, "smp_1"))).status, 404);
    const changes = [
      ["sizePixels", "4096"],
      ["sizePixels", "64.5"],
      ["sizePixels", ""],
      ["epoch", "0"],
      ["seed", "x"],
      ["zoom", "1"],
      ["rotationDegrees", "NaN"],
      ["horizontalFlip", "yes"],
      ["fillMode", "MIRROR"],
    ] as const;
    for (const [parameter, value] of changes) {
      const changed = new URL(url, "http://server");
      changed.searchParams.set(parameter, value);
      const { status } = await server.viewer.fetch(changed.pathname + changed.search);
      assert.equal(status, 400, `${parameter}=${value}`);
    }
    const repeated = await server.viewer.fetch(`${url}&zoom=0.1&zoom=0.2`);
    assert.equal(repeated.status, 400);
    assert.deepEqual(server.errorLog, []);
  });
});

/** Not the first, which has the position 0. */
async function secondSample(server: TestServer, ref: string): Promise<string> {
  const { datasetVersion } = await server.viewer.ask(TRAINING_SAMPLES, { ref });
  const id = datasetVersion?.samples.nodes[1]?.id;
  assert.ok(id);
  return id;
}

async function pixelsAt(server: TestServer, url: string): Promise<number[]> {
  const response = await server.viewer.fetch(url);
  assert.equal(response.status, 200, url);
  const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 3);
  return [...data];
}

/** Pixels of the sample in a training graph in each epoch, among other samples of its batch. */
async function seenInTraining(
  { services }: TestServer,
  sampleId: string,
  epochs: readonly number[],
): Promise<number[][]> {
  const [sample] = await services.datasets.findSamples([sampleId]);
  assert.ok(sample);
  const pixels = await services.imageDecoder.decodeRgb(await readSampleImage(services.blobs, sample), SIZE);
  const graph = buildTrainingGraph(
    { ...TINY_NETWORK, seed: SEED },
    { ...TINY_TRAINING, augmentation: AUGMENTATION },
  );
  await using engine = await startEngineWithFolder();
  await using session = await engine.host.openGraph(graph);
  const seen: number[][] = [];
  for (const epoch of epochs) {
    const outputs = await session.run("augment", {
      images: {
        dtype: "uint8",
        shape: [3, SIZE, SIZE, 3],
        data: Uint8Array.from([...pixels.map((value) => 255 - value), ...pixels, ...pixels]),
      },
      samples: { dtype: "int32", shape: [3], data: Int32Array.of(0, sample.position, 1) },
      epoch: { dtype: "int32", shape: [], data: Int32Array.of(epoch) },
    });
    const all = Array.from(outputs.pixels?.data ?? [], Number);
    seen.push(all.slice(pixels.length, 2 * pixels.length));
  }
  return seen;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { networkVariables } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { fitWeights, type OfferedWeights } from "../../../../src/registry/weights/fit-weights.js";

const VGG16: NetworkSpec = {
  architecture: "VGG16",
  batchNormalization: false,
  widthMultiplier: 1,
  imageSizePixels: 224,
  head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0.5 },
  preprocessing: "IMAGENET_CAFFE",
  precision: "FLOAT32",
  classCount: 1000,
  seed: 0,
};

/** Content of a weights file of such a network. */
function weightsOf(network: NetworkSpec, without: RegExp = /^$/): OfferedWeights {
  const variables = networkVariables(network)
    .filter(({ name }) => !without.test(name))
    .map(({ name, shape }) => [name, { shape, dtype: "float32", source: `"${name}:0"` }] as const);
  return { architecture: network.architecture, variables: new Map(variables), unknown: [] };
}

function namesOf(network: NetworkSpec): string[] {
  return networkVariables(network).map(({ name }) => name);
}

/** One line for each mismatch. */
function mismatchesOf(network: NetworkSpec, offered: OfferedWeights): string[] {
  try {
    fitWeights(network, offered);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "WEIGHTS_MISMATCH");
    return error.message.split("\n").slice(1);
  }
  return [];
}

test("weights of the same network give every variable its value", () => {
  assert.deepEqual(fitWeights(VGG16, weightsOf(VGG16)), namesOf(VGG16));
});

test("with another number of classes only the last layer starts at random", () => {
  const given = fitWeights({ ...VGG16, classCount: 5 }, weightsOf(VGG16));
  assert.deepEqual(given, namesOf(VGG16).slice(0, -2));
  assert.deepEqual(namesOf(VGG16).slice(-2), ["predictions/kernel", "predictions/bias"]);
});

test("without a head in the file, or with one of another kind, the whole head starts at random", () => {
  const convolutions = namesOf(VGG16).filter((name) => name.startsWith("block"));
  assert.deepEqual(fitWeights(VGG16, weightsOf(VGG16, /^(fc|predictions)/)), convolutions);
  const pooled = { ...VGG16, head: { ...VGG16.head, kind: "GLOBAL_AVERAGE_POOLING" as const } };
  assert.deepEqual(fitWeights(pooled, weightsOf(VGG16)), convolutions);
  assert.deepEqual(fitWeights(VGG16, weightsOf(pooled)), convolutions);
});

test("the last layer starts at random where the source's head lacks it", () => {
  assert.deepEqual(fitWeights(VGG16, weightsOf(VGG16, /^predictions/)), namesOf(VGG16).slice(0, -2));
});

test("everything that does not fit is listed at once", () => {
  const network: NetworkSpec = { ...VGG16, architecture: "VGG19", batchNormalization: true };
  const mismatches = mismatchesOf(network, weightsOf({ ...VGG16, widthMultiplier: 0.5 }));
  const missing = mismatches.filter((line) => line.endsWith("found nothing."));
  // Three convolutions and the normalizations of all sixteen.
  assert.equal(missing.length, 3 + 16 * 4);
  assert.ok(missing.includes("- block3_conv4/kernel: expected [3, 3, 256, 256], found nothing."));
  assert.ok(
    mismatches.includes(
      '- block1_conv1/kernel: expected [3, 3, 3, 64], found [3, 3, 3, 32] ("block1_conv1/kernel:0").',
    ),
  );
  // A network with batch normalization has no biases, so those of the file are mismatches.
  assert.ok(
    mismatches.includes('- block5_conv3/bias: expected nothing, found [256] ("block5_conv3/bias:0").'),
  );
  assert.ok(mismatches.some((line) => line.startsWith("- fc1/kernel: expected [25088, 4096]")));
  assert.equal(mismatches.length, 3 + 16 * 4 + 13 * 2 + 1);
});

test("hidden layers of another image size do not fit, although the convolutions do", () => {
  assert.deepEqual(mismatchesOf({ ...VGG16, imageSizePixels: 64 }, weightsOf(VGG16)), [
    '- fc1/kernel: expected [2048, 4096], found [25088, 4096] ("fc1/kernel:0").',
  ]);
});

test("a layer without its bias is a mismatch", () => {
  assert.deepEqual(mismatchesOf(VGG16, weightsOf(VGG16, /^fc2\/bias$/)), [
    "- fc2/bias: expected [4096], found nothing.",
  ]);
});

test("numbers of another type and unknown layers are mismatches", () => {
  const offered = weightsOf(VGG16);
  const variables = new Map(offered.variables);
  variables.set("block1_conv1/bias", { shape: [64], dtype: "int8", source: '"b"' });
  assert.deepEqual(mismatchesOf(VGG16, { architecture: null, variables, unknown: ["- another layer."] }), [
    '- block1_conv1/bias: expected floats, found int8 ("b").',
    "- another layer.",
  ]);
});

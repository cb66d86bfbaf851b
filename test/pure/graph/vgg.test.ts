import assert from "node:assert/strict";
import { test } from "node:test";
import { layerTable, networkVariables } from "../../../src/graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { PUBLISHED_VGG19 } from "./networks.js";

const PARAMETERS = {
  VGG11: 132_863_336,
  VGG13: 133_047_848,
  VGG16: 138_357_544,
  VGG19: 143_667_240,
} as const;

for (const [architecture, parameters] of Object.entries(PARAMETERS)) {
  test(`${architecture} has its published number of parameters`, () => {
    const network = { ...PUBLISHED_VGG19, architecture: architecture as keyof typeof PARAMETERS };
    assert.equal(countParameters(network), parameters);
  });
}

test("batch normalization replaces the biases of convolutions by four values per filter", () => {
  const filters = 2 * 64 + 2 * 128 + 4 * 256 + 8 * 512;
  const network = { ...PUBLISHED_VGG19, batchNormalization: true };
  assert.equal(countParameters(network), PARAMETERS.VGG19 + 3 * filters);
});

/** Simonyan and Zisserman (2015), table 1, configuration E, with Keras's names. */
const VGG19_TABLE = `
block1_conv1 224,224,64 1792
block1_conv2 224,224,64 36928
block1_pool 112,112,64 0
block2_conv1 112,112,128 73856
block2_conv2 112,112,128 147584
block2_pool 56,56,128 0
block3_conv1 56,56,256 295168
block3_conv2 56,56,256 590080
block3_conv3 56,56,256 590080
block3_conv4 56,56,256 590080
block3_pool 28,28,256 0
block4_conv1 28,28,512 1180160
block4_conv2 28,28,512 2359808
block4_conv3 28,28,512 2359808
block4_conv4 28,28,512 2359808
block4_pool 14,14,512 0
block5_conv1 14,14,512 2359808
block5_conv2 14,14,512 2359808
block5_conv3 14,14,512 2359808
block5_conv4 14,14,512 2359808
block5_pool 7,7,512 0
flatten 25088 0
fc1 4096 102764544
fc2 4096 16781312
predictions 1000 4097000`.trim();

test("VGG19's layers are those of the published table", () => {
  const rows = layerTable({ ...PUBLISHED_VGG19, head: { ...PUBLISHED_VGG19.head, dropout: 0 } });
  const table = rows.map(({ name, outputShape, parameters }) => `${name} ${outputShape} ${parameters}`);
  assert.equal(table.join("\n"), VGG19_TABLE);
});

test("dropout follows both hidden layers and has no parameters", () => {
  const head = layerTable(PUBLISHED_VGG19).slice(-5);
  assert.deepEqual(
    head.map(({ name, kind }) => [name, kind]),
    [
      ["fc1", "Dense"],
      ["dropout1", "Dropout"],
      ["fc2", "Dense"],
      ["dropout2", "Dropout"],
      ["predictions", "Dense"],
    ],
  );
});

test("a narrow network with an average-pooling head", () => {
  const network: NetworkSpec = {
    ...PUBLISHED_VGG19,
    architecture: "VGG13",
    batchNormalization: true,
    widthMultiplier: 0.25,
    imageSizePixels: 64,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 4096, dropout: 0.3 },
    classCount: 5,
  };
  const rows = layerTable(network);
  assert.deepEqual(
    rows.slice(0, 4).map(({ name, kind, outputShape }) => [name, kind, ...outputShape]),
    [
      ["block1_conv1", "Conv2D", 64, 64, 16],
      ["block1_bn1", "BatchNormalization", 64, 64, 16],
      ["block1_relu1", "ReLU", 64, 64, 16],
      ["block1_conv2", "Conv2D", 64, 64, 16],
    ],
  );
  assert.deepEqual(
    rows.slice(-4).map(({ name, outputShape }) => [name, ...outputShape]),
    [
      ["block5_pool", 2, 2, 128],
      ["global_average_pooling", 128],
      ["dropout", 128],
      ["predictions", 5],
    ],
  );
});

test("variables have Keras's names and order", () => {
  const names = (network: NetworkSpec) => networkVariables(network).map(({ name }) => name);
  const plain = names(PUBLISHED_VGG19);
  assert.equal(plain.length, 38);
  assert.deepEqual(plain.slice(0, 3), ["block1_conv1/kernel", "block1_conv1/bias", "block1_conv2/kernel"]);
  assert.deepEqual(plain.slice(-4), ["fc2/kernel", "fc2/bias", "predictions/kernel", "predictions/bias"]);
  assert.deepEqual(names({ ...PUBLISHED_VGG19, batchNormalization: true }).slice(0, 6), [
    "block1_conv1/kernel",
    "block1_bn1/gamma",
    "block1_bn1/beta",
    "block1_bn1/moving_mean",
    "block1_bn1/moving_variance",
    "block1_conv2/kernel",
  ]);
});

const head = PUBLISHED_VGG19.head;
const IMPOSSIBLE: readonly (readonly [Partial<NetworkSpec>, readonly string[]])[] = [
  [{ imageSizePixels: 31 }, ["imageSizePixels"]],
  [{ imageSizePixels: 64.5 }, ["imageSizePixels"]],
  [{ widthMultiplier: 0 }, ["widthMultiplier"]],
  [{ widthMultiplier: Number.NaN }, ["widthMultiplier"]],
  [{ classCount: 0 }, ["classCount"]],
  [{ head: { ...head, units: 0 } }, ["head", "units"]],
  [{ head: { ...head, dropout: 1 } }, ["head", "dropout"]],
  [{ head: { ...head, dropout: -0.1 } }, ["head", "dropout"]],
  [{ seed: 0.5 }, ["seed"]],
];

for (const [change, path] of IMPOSSIBLE) {
  test(`an impossible network is refused: ${JSON.stringify(change)}`, () => {
    assert.throws(() => countParameters({ ...PUBLISHED_VGG19, ...change }), {
      code: "NETWORK_INVALID",
      path,
    });
  });
}

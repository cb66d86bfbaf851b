import assert from "node:assert/strict";
import { test } from "node:test";
import { shapedLayersOf } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { channelsOf } from "../../../../src/graph/pruning/channels.js";
import { PUBLISHED_VGG19, publishedResnet } from "../networks.js";

const VGG16: NetworkSpec = { ...PUBLISHED_VGG19, architecture: "VGG16" };
const channelsIn = (network: NetworkSpec) => channelsOf(shapedLayersOf(network));

test("the channels of each VGG convolution are a group, with and without batch normalization", () => {
  const plain = channelsIn(VGG16).groups;
  assert.equal(plain.length, 13);
  assert.ok(plain.every(({ convolutions }) => convolutions.length === 1));
  assert.deepEqual(plain[0], {
    name: "block1_conv1",
    width: 64,
    convolutions: [{ name: "block1_conv1", normalization: null }],
  });
  const normalized = channelsIn({ ...VGG16, batchNormalization: true }).groups;
  assert.equal(normalized.length, 13);
  assert.deepEqual(normalized[12]?.convolutions, [{ name: "block5_conv3", normalization: "block5_bn3" }]);
});

test("a VGG convolution's channels lie in its kernel, its bias and the next kernel", () => {
  const { axes } = channelsIn(VGG16);
  assert.deepEqual(axes.get("block1_conv1/kernel"), [{ axis: 3, group: "block1_conv1", repeats: 1 }]);
  assert.deepEqual(axes.get("block1_conv2/kernel"), [
    { axis: 2, group: "block1_conv1", repeats: 1 },
    { axis: 3, group: "block1_conv2", repeats: 1 },
  ]);
  assert.deepEqual(axes.get("block1_conv1/bias"), [{ axis: 0, group: "block1_conv1", repeats: 1 }]);
  // A pooling lies between them.
  assert.deepEqual(axes.get("block2_conv1/kernel")?.[0], { axis: 2, group: "block1_conv2", repeats: 1 });
});

test("the first dense layer has a row for each channel of each position, later ones have none", () => {
  const { axes } = channelsIn(VGG16);
  assert.deepEqual(axes.get("fc1/kernel"), [{ axis: 0, group: "block5_conv3", repeats: 49 }]);
  for (const name of ["fc1/bias", "fc2/kernel", "predictions/kernel", "predictions/bias"]) {
    assert.equal(axes.get(name), undefined);
  }
  const pooled = { ...VGG16, head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 } } as const;
  assert.deepEqual(channelsIn(pooled).axes.get("predictions/kernel"), [
    { axis: 0, group: "block5_conv3", repeats: 1 },
  ]);
});

test("a normalization has the channels of the convolution before it in all its vectors", () => {
  const { axes } = channelsIn({ ...VGG16, batchNormalization: true });
  for (const vector of ["gamma", "beta", "moving_mean", "moving_variance"]) {
    assert.deepEqual(axes.get(`block3_bn2/${vector}`), [{ axis: 0, group: "block3_conv2", repeats: 1 }]);
  }
});

test("ResNet-18: what meets in additions of a stage is one group, inner convolutions are free", () => {
  const { groups, axes } = channelsIn(publishedResnet("RESNET18"));
  const members = Object.fromEntries(
    groups.map(({ name, convolutions }) => [name, convolutions.map((each) => each.name)]),
  );
  assert.deepEqual(members, {
    // The first stage adds to the output of the stem.
    conv1_conv: ["conv1_conv", "conv2_block1_2_conv", "conv2_block2_2_conv"],
    conv2_block1_1_conv: ["conv2_block1_1_conv"],
    conv2_block2_1_conv: ["conv2_block2_1_conv"],
    conv3_block1_1_conv: ["conv3_block1_1_conv"],
    conv3_block1_2_conv: ["conv3_block1_2_conv", "conv3_block1_0_conv", "conv3_block2_2_conv"],
    conv3_block2_1_conv: ["conv3_block2_1_conv"],
    conv4_block1_1_conv: ["conv4_block1_1_conv"],
    conv4_block1_2_conv: ["conv4_block1_2_conv", "conv4_block1_0_conv", "conv4_block2_2_conv"],
    conv4_block2_1_conv: ["conv4_block2_1_conv"],
    conv5_block1_1_conv: ["conv5_block1_1_conv"],
    conv5_block1_2_conv: ["conv5_block1_2_conv", "conv5_block1_0_conv", "conv5_block2_2_conv"],
    conv5_block2_1_conv: ["conv5_block2_1_conv"],
  });
  assert.deepEqual(axes.get("predictions/kernel"), [{ axis: 0, group: "conv5_block1_2_conv", repeats: 1 }]);
  assert.deepEqual(axes.get("conv3_block1_0_conv/kernel"), [
    { axis: 2, group: "conv1_conv", repeats: 1 },
    { axis: 3, group: "conv3_block1_2_conv", repeats: 1 },
  ]);
  assert.deepEqual(axes.get("conv2_block2_2_bn/gamma"), [{ axis: 0, group: "conv1_conv", repeats: 1 }]);
});

test("ResNet-50: stages of bottlenecks are groups, the stem is not among them", () => {
  const { groups } = channelsIn(publishedResnet("RESNET50"));
  assert.equal(
    groups.reduce((count, { convolutions }) => count + convolutions.length, 0),
    53,
  );
  const shared = groups.filter(({ convolutions }) => convolutions.length > 1);
  assert.deepEqual(
    shared.map(({ width, convolutions }) => [width, convolutions.length]),
    // The last convolution of each block, and the shortcut of the first.
    [
      [256, 4],
      [512, 5],
      [1024, 7],
      [2048, 4],
    ],
  );
  assert.deepEqual(groups[0]?.convolutions, [{ name: "conv1_conv", normalization: "conv1_bn" }]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { countMultiplications } from "../../../src/graph/architectures/multiplications.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { PUBLISHED_VGG19, publishedResnet } from "./networks.js";

const vgg = (architecture: NetworkSpec["architecture"]): NetworkSpec => ({
  ...PUBLISHED_VGG19,
  architecture,
});

// torchvision publishes them with its weights as "GFLOPS", in billions of multiply-adds.
for (const [network, billions] of [
  [vgg("VGG11"), 7.61],
  [vgg("VGG13"), 11.31],
  [vgg("VGG16"), 15.47],
  [vgg("VGG19"), 19.63],
  [publishedResnet("RESNET18"), 1.81],
  [publishedResnet("RESNET34"), 3.66],
  [publishedResnet("RESNET50"), 4.09],
] as const) {
  test(`${network.architecture} at 224 pixels needs ${billions} billion multiplications, as published`, () => {
    assert.equal((countMultiplications(network) / 1e9).toFixed(2), billions.toFixed(2));
  });
}

test("a convolution and a dense layer are counted exactly", () => {
  const single = { ...publishedResnet("RESNET18"), imageSizePixels: 32, classCount: 10 };
  const wider = { ...single, classCount: 11 };
  assert.equal(countMultiplications(wider) - countMultiplications(single), 512);
  const narrow: NetworkSpec = { ...vgg("VGG11"), imageSizePixels: 64, classCount: 10 };
  // Each channel of the first convolution is computed from 3 channels, and read by the 128 filters of the second.
  const channel = 64 * 64 * 9 * 3 + 32 * 32 * 9 * 128;
  const pruned: NetworkSpec = { ...narrow, layerWidths: { block1_conv1: 16 } };
  assert.equal(countMultiplications(narrow) - countMultiplications(pruned), (64 - 16) * channel);
});

test("half of the channels of every convolution leave a quarter of the multiplications, except in the first", () => {
  const network = { ...vgg("VGG16"), head: publishedResnet("RESNET18").head, classCount: 10 };
  const half = countMultiplications({ ...network, widthMultiplier: 0.5 });
  const ratio = countMultiplications(network) / half;
  assert.ok(ratio > 3.9 && ratio < 4, String(ratio));
});

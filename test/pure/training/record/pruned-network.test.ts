import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";
import { prunedNetworkOf } from "../../../../src/training/record/pruned-network.js";

const configuration = resolveConfiguration({ architecture: "VGG11", widthMultiplier: 0.25 });

test("a network lacks what its described widths lack of the architecture", () => {
  assert.deepEqual(prunedNetworkOf({ configuration, layerWidths: { block1_conv1: 8, block5_conv2: 32 } }), {
    layers: [
      { name: "block1_conv1", channelsBefore: 16, channels: 8 },
      { name: "block5_conv2", channelsBefore: 128, channels: 32 },
    ],
    channelsBefore: 688,
    channels: 584,
    removed: 1 - 584 / 688,
  });
});

test("a network with the widths of its architecture lacks nothing", () => {
  assert.equal(prunedNetworkOf({ configuration, layerWidths: null }), null);
  assert.equal(prunedNetworkOf({ configuration, layerWidths: {} }), null);
});

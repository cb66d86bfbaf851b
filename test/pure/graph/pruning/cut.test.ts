import assert from "node:assert/strict";
import { test } from "node:test";
import { shapedLayersOf } from "../../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { channelsOf } from "../../../../src/graph/pruning/channels.js";
import { cutVariable } from "../../../../src/graph/pruning/cut.js";
import { normScores, scaleScores, scoreGroups } from "../../../../src/graph/pruning/scores.js";
import { PUBLISHED_VGG19 } from "../networks.js";

/** Convolutions of 1, 2, 4, 8 and 8 channels; the last output is 1 x 1. */
const TINY: NetworkSpec = {
  ...PUBLISHED_VGG19,
  architecture: "VGG11",
  widthMultiplier: 1 / 32,
  imageSizePixels: 64,
  head: { kind: "FULLY_CONNECTED", units: 3, dropout: 0 },
};
const CHANNELS = channelsOf(shapedLayersOf(TINY));

/** 0, 1, 2 … in row-major order. */
function counted(shape: readonly number[]) {
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i) };
}

test("a kernel loses the filters of its own channels and the inputs of those before it", () => {
  const kept = new Map([
    ["block1_conv1", [1]],
    ["block2_conv1", [0, 3]],
  ]);
  const cut = cutVariable("block2_conv1/kernel", counted([1, 2, 2, 4]), CHANNELS, kept);
  assert.deepEqual(cut.shape, [1, 2, 1, 2]);
  // Rows of 4 filters; input 1 of the first position starts at 4, of the second at 12.
  assert.deepEqual([...cut.data], [4, 7, 12, 15]);
  const bias = cutVariable("block2_conv1/bias", counted([4]), CHANNELS, kept);
  assert.deepEqual([...bias.data], [0, 3]);
});

test("a dense layer behind a flattened image loses the rows of a channel at every position", () => {
  // 64 pixels are 2 x 2 after five poolings; the last convolution has 16 channels.
  const kept = new Map([["block5_conv2", [2, 15]]]);
  const cut = cutVariable("fc1/kernel", counted([64, 1]), CHANNELS, kept);
  assert.deepEqual(cut.shape, [8, 1]);
  assert.deepEqual([...cut.data], [2, 15, 18, 31, 34, 47, 50, 63]);
});

test("variables without removed channels stay as they are", () => {
  const value = counted([3, 4]);
  assert.equal(cutVariable("predictions/kernel", value, CHANNELS, new Map()), value);
  const kept = new Map([["block1_conv1", [0]]]);
  assert.equal(cutVariable("fc2/kernel", value, CHANNELS, kept), value);
});

test("scales score by their absolute values, and compare between layers as they are", () => {
  const group = { name: "a", width: 2, convolutions: [{ name: "a", normalization: "a_bn" }] };
  const values = { "a_bn/gamma": { shape: [2], data: Float32Array.of(-0.5, 0.25) } };
  const scoresOf = scaleScores((name) => values[name as keyof typeof values]);
  assert.deepEqual(scoreGroups([group], "BATCH_NORM_SCALE", scoresOf)[0]?.scores, [0.5, 0.25]);
});

test("filters score by their mean absolute weight relative to their layer, groups by the mean", () => {
  const convolutions = ["a", "b"].map((name) => ({ name, normalization: null }));
  const values = {
    // The filters are columns: [1, -3] and [0, 2]; then [10, 10] and [30, -30].
    "a/kernel": { shape: [1, 1, 2, 2], data: Float32Array.of(1, 0, -3, 2) },
    "b/kernel": { shape: [1, 1, 2, 2], data: Float32Array.of(10, 30, 10, -30) },
  };
  const scoresOf = normScores((name) => values[name as keyof typeof values]);
  assert.deepEqual(scoresOf({ name: "a", normalization: null }), [2, 1]);
  const [scored] = scoreGroups([{ name: "a", width: 2, convolutions }], "L1_NORM", scoresOf);
  const [first, second] = scored!.scores;
  assert.ok(Math.abs(first! - (2 / 1.5 + 10 / 20) / 2) < 1e-12);
  assert.ok(Math.abs(second! - (1 / 1.5 + 30 / 20) / 2) < 1e-12);
});

test("weights that are not finite are refused", () => {
  const group = { name: "a", width: 1, convolutions: [{ name: "a", normalization: null }] };
  assert.throws(() => scoreGroups([group], "TAYLOR", () => [Number.NaN]), {
    code: "WEIGHTS_INVALID",
    message: /the scores of a are not finite/,
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { shapedLayersOf } from "../../../../src/graph/architectures/layer-table.js";
import { convolutionWidths, describeWidths } from "../../../../src/graph/architectures/layer-widths.js";
import { countParameters, type NetworkSpec } from "../../../../src/graph/architectures/network-spec.js";
import { channelsOf } from "../../../../src/graph/pruning/channels.js";
import { widthsAfter } from "../../../../src/graph/pruning/cut.js";
import {
  type PruningLimits,
  removableShare,
  type ScoredGroup,
  selectChannels,
} from "../../../../src/graph/pruning/selection.js";
import { seededRandom } from "../../../testkit/random.js";
import { PUBLISHED_VGG19, publishedResnet } from "../networks.js";

const FREE: PruningLimits = { channels: 0.5, minimumChannels: 1, multipleOf: 1 };

function group(name: string, scores: readonly number[], convolutions = 1): ScoredGroup {
  const members = Array.from({ length: convolutions }, (_, index) => `${name}${index}`);
  return { name, width: scores.length, scores, convolutions: members };
}

function kept(groups: readonly ScoredGroup[], limits: Partial<PruningLimits>): Record<string, number[]> {
  const selected = selectChannels(groups, { ...FREE, ...limits });
  return Object.fromEntries(Array.from(selected, ([name, channels]) => [name, [...channels]]));
}

test("the least important channels of the whole network go first", () => {
  const groups = [group("a", [5, 1, 4, 8]), group("b", [3, 9, 2, 7])];
  assert.deepEqual(kept(groups, {}), { a: [0, 3], b: [1, 3] });
  assert.deepEqual(kept(groups, { channels: 0.25 }), { a: [0, 2, 3], b: [0, 1, 3] });
});

test("every group keeps the minimum, and another one loses more", () => {
  const groups = [group("a", [1, 2, 3, 4]), group("b", [10, 20, 30, 40])];
  assert.deepEqual(kept(groups, {}), { a: [3], b: [1, 2, 3] });
  assert.deepEqual(kept(groups, { minimumChannels: 3 }), { a: [1, 2, 3], b: [1, 2, 3] });
});

test("changed widths are multiples, and none grows; a width below the multiple stays", () => {
  const scores = (width: number, scale: number) => Array.from({ length: width }, (_, i) => scale * (i + 1));
  const groups = [group("a", scores(20, 1)), group("b", scores(32, 1)), group("c", scores(6, 0.001))];
  const widths = Object.values(kept(groups, { channels: 0.4, multipleOf: 8 })).map(({ length }) => length);
  // Steps: 4 channels of a, 8 of b, 8 of a; the next 8 of b would be too many.
  assert.deepEqual(widths, [8, 24, 6]);
});

test("the part removed is the closest to what was asked for", () => {
  const even = (width: number) => Array.from({ length: width }, (_, i) => i + 1);
  const groups = [group("a", even(64)), group("b", even(128)), group("c", even(256))];
  for (const channels of [0.1, 0.25, 0.5, 0.7]) {
    const selected = Object.values(kept(groups, { channels, multipleOf: 16, minimumChannels: 8 }));
    const left = selected.reduce((total, { length }) => total + length, 0);
    assert.ok(Math.abs(1 - left / 448 - channels) <= 8 / 448, `${channels}: ${left}`);
  }
});

test("equal scores: the later channel and the earlier group go first", () => {
  const groups = [group("a", [1, 1, 1, 1]), group("b", [1, 1, 1, 1])];
  assert.deepEqual(kept(groups, { channels: 0.25 }), { a: [0, 1], b: [0, 1, 2, 3] });
  assert.deepEqual(kept(groups, { channels: 0.25 }), kept(groups, { channels: 0.25 }));
});

test("a channel of several convolutions counts as that many filters", () => {
  const groups = [group("shared", [1, 2, 3, 4], 3), group("free", [1.5, 2.5, 3.5, 4.5])];
  // 16 filters: channel 0 of the shared group is 3, channel 0 of the other 1.
  assert.deepEqual(kept(groups, { channels: 0.25 }), { shared: [1, 2, 3], free: [1, 2, 3] });
});

test("how much can be removed at most follows from the widths", () => {
  const groups = [group("a", Array(64).fill(1)), group("b", Array(4).fill(1))];
  assert.equal(removableShare(groups, { minimumChannels: 8, multipleOf: 16 }), 48 / 68);
  assert.equal(removableShare([group("b", Array(4).fill(1))], { minimumChannels: 8, multipleOf: 16 }), 0);
});

const NETWORKS: Readonly<Record<string, NetworkSpec>> = {
  "VGG16 without batch normalization": { ...PUBLISHED_VGG19, architecture: "VGG16" },
  "VGG16 with batch normalization": {
    ...PUBLISHED_VGG19,
    architecture: "VGG16",
    batchNormalization: true,
    widthMultiplier: 0.5,
  },
  "ResNet-18": publishedResnet("RESNET18"),
  "ResNet-50": publishedResnet("RESNET50"),
};

for (const [title, network] of Object.entries(NETWORKS)) {
  test(`half of the filters of ${title} are removed, in a network that can be built`, () => {
    const channels = channelsOf(shapedLayersOf(network));
    const random = seededRandom(7);
    const scored = channels.groups.map((each) => ({
      ...each,
      scores: Array.from({ length: each.width }, random),
    }));
    const limits = { channels: 0.5, minimumChannels: 8, multipleOf: 16 };
    const layerWidths = describeWidths(network, widthsAfter(channels, selectChannels(scored, limits)));
    const pruned = { ...network, layerWidths };
    const [before, after] = [network, pruned].map((each) => [...convolutionWidths(each).values()]);
    const total = (widths: readonly number[] = []) => widths.reduce((sum, width) => sum + width, 0);
    assert.ok(Math.abs(total(after) / total(before) - 0.5) < 0.01, `${total(after)} of ${total(before)}`);
    for (const [index, width] of after!.entries()) {
      assert.ok(width === before![index] || (width % 16 === 0 && width < before![index]!));
    }
    assert.ok(countParameters(pruned) < 0.9 * countParameters(network));
  });
}

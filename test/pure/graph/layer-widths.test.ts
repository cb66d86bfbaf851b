import assert from "node:assert/strict";
import { test } from "node:test";
import { layerTable } from "../../../src/graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { PUBLISHED_VGG19, publishedResnet, trainingNodes } from "./networks.js";

const VGG11: NetworkSpec = { ...PUBLISHED_VGG19, architecture: "VGG11", imageSizePixels: 64, classCount: 10 };

test("a described width changes its layer and those that read it", () => {
  const table = layerTable({ ...VGG11, layerWidths: { block1_conv1: 16 } });
  const row = (name: string) => table.find((each) => each.name === name);
  assert.deepEqual(row("block1_conv1")?.outputShape, [64, 64, 16]);
  assert.equal(row("block1_conv1")?.parameters, 3 * 3 * 3 * 16 + 16);
  assert.equal(row("block2_conv1")?.parameters, 3 * 3 * 16 * 128 + 128);
  assert.equal(countParameters({ ...VGG11, layerWidths: {} }), countParameters(VGG11));
  assert.equal(countParameters({ ...VGG11, layerWidths: null }), countParameters(VGG11));
});

test("the rows of a dense layer follow the width of the last convolution", () => {
  const table = layerTable({ ...VGG11, layerWidths: { block5_conv2: 100 } });
  assert.equal(table.find(({ name }) => name === "fc1")?.parameters, 2 * 2 * 100 * 4096 + 4096);
});

test("training graphs have the described widths", () => {
  const nodes = trainingNodes({ ...VGG11, widthMultiplier: 0.25, layerWidths: { block1_conv1: 5 } }, {});
  const handle = nodes.find(({ name }) => name === "block1_conv1/kernel");
  assert.ok(handle !== undefined);
  assert.deepEqual(
    layerTable({ ...VGG11, widthMultiplier: 0.25, layerWidths: { block1_conv1: 5 } })[0]?.outputShape,
    [64, 64, 5],
  );
});

for (const [title, network, message] of [
  [
    "a layer that does not exist",
    { ...VGG11, layerWidths: { conv9: 4 } },
    /layerWidths must name convo.*"conv9"/,
  ],
  ["a layer of the head", { ...VGG11, layerWidths: { fc1: 4 } }, /must name convolutions of VGG11/],
  [
    "a width of 0",
    { ...VGG11, layerWidths: { block1_conv1: 0 } },
    /layerWidths.block1_conv1 must be a whole/,
  ],
  ["a wider layer", { ...VGG11, layerWidths: { block1_conv1: 65 } }, /from 1 to 64.*Received 65/],
  ["half a channel", { ...VGG11, layerWidths: { block1_conv1: 1.5 } }, /Received 1.5/],
  [
    "different widths of what is added",
    { ...publishedResnet("RESNET18"), layerWidths: { conv1_conv: 32 } },
    /must give convolutions whose outputs are added one width. Received conv1_conv: 32, conv2_block1_2_conv: 64/,
  ],
] as const) {
  test(`${title} is refused in a network's description`, () => {
    assert.throws(() => countParameters(network as NetworkSpec), { code: "NETWORK_INVALID", message });
  });
}

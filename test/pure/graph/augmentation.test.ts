import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FillMode } from "../../../src/core/enumerations.js";
import { type Augmentation, NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import { augmentImages, augments } from "../../../src/graph/augmentation/augment-images.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { placeholder } from "../../../src/graph/ops/constants.js";

interface Built {
  readonly images: Tensor;
  readonly augmented: Tensor;
  /** Operations that the augmentation added. */
  readonly added: readonly string[];
}

function build(settings: Partial<Augmentation>): Built {
  const graph = new GraphBuilder();
  const images = placeholder(graph, "images", "uint8", [null, 64, 64, 3]);
  const draw = {
    samples: placeholder(graph, "samples", "int32", [null]),
    epoch: placeholder(graph, "epoch", "int32", []),
    seed: 1,
  };
  const before = graph.nodes.length;
  const augmented = augmentImages(graph, images, draw, { ...NO_AUGMENTATION, ...settings });
  return { images, augmented, added: graph.nodes.slice(before).map(({ op }) => op) };
}

const CHANGES: readonly Partial<Augmentation>[] = [
  { horizontalFlip: true },
  { verticalFlip: true },
  { rotationDegrees: 0.5 },
  { widthShift: 0.1 },
  { heightShift: 0.1 },
  { zoom: 0.1 },
  { brightness: 0.1 },
  { contrast: 0.1 },
];

describe("an augmentation of nothing", () => {
  test("changes nothing, whatever would lie beyond the edge", () => {
    for (const fillMode of Object.values(FillMode)) {
      assert.equal(augments({ ...NO_AUGMENTATION, fillMode }), false);
      const { images, augmented, added } = build({ fillMode });
      assert.equal(augmented, images);
      assert.deepEqual(added, []);
    }
  });
});

describe("an augmentation", () => {
  for (const change of CHANGES) {
    test(`gives bytes of the same shape: ${JSON.stringify(change)}`, () => {
      assert.equal(augments({ ...NO_AUGMENTATION, ...change }), true);
      const { augmented } = build(change);
      assert.equal(augmented.dtype, "uint8");
      assert.deepEqual(augmented.shape, [null, 64, 64, 3]);
    });
  }

  test("moves images once for all geometric changes, and not at all without one", () => {
    const transforms = (settings: Partial<Augmentation>): number =>
      build(settings).added.filter((op) => op === "ImageProjectiveTransformV3").length;
    const all: Augmentation = Object.assign({ ...NO_AUGMENTATION }, ...CHANGES);
    assert.equal(transforms(all), 1);
    assert.equal(transforms({ horizontalFlip: true, verticalFlip: true, brightness: 0.1 }), 0);
  });

  test("uses no operation whose results differ between machines or batches", () => {
    const all: Augmentation = Object.assign({ ...NO_AUGMENTATION }, ...CHANGES);
    const { added } = build(all);
    const banned = ["Sin", "Cos", "AdjustContrastv2", "Mean", "StatelessRandomUniform"];
    assert.deepEqual(
      added.filter((op) => banned.includes(op)),
      [],
    );
  });
});

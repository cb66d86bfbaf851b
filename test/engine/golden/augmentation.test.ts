import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FillMode } from "../../../src/core/enumerations.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { Amounts } from "../../../src/graph/augmentation/amounts.js";
import { place } from "../../../src/graph/augmentation/geometry.js";
import { applyTone } from "../../../src/graph/augmentation/tone.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { cast } from "../../../src/graph/ops/array.js";
import { constant, float32Vector, placeholder } from "../../../src/graph/ops/constants.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages } from "../../golden/fed-values.js";
import { readGolden } from "../../golden/golden-file.js";
import { startTestEngine } from "../../testkit/engine.js";
import { graphOf, numbersOf } from "../graph/graph-of.js";

interface AugmentationGolden {
  readonly sizePixels: number;
  readonly count: 1;
  readonly placements: readonly {
    readonly fillMode: FillMode;
    readonly amounts: PlacementAmounts;
    readonly pixels: readonly number[];
  }[];
  readonly tones: readonly {
    readonly amounts: { readonly brightness?: number; readonly contrast?: number };
    readonly pixels: readonly number[];
  }[];
}

interface PlacementAmounts {
  readonly mirrored?: boolean;
  readonly rotationDegrees?: number;
  readonly window?: number;
  readonly shiftRight?: number;
  readonly shiftDown?: number;
}

/** Gray levels: the file has two decimals, and coordinates are rounded in another order. */
const PLACEMENT_TOLERANCE = 0.02;
/** Espalier rounds pixels to whole numbers, Keras does not. */
const ROUNDING = 0.51;

const { sizePixels, count, placements, tones } = await readGolden<AugmentationGolden>("augmentation");
let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

for (const { fillMode, amounts, pixels } of placements) {
  test(`images are transformed as by Keras: ${JSON.stringify(amounts)}, ${fillMode}`, async () => {
    const moved = await pixelsOf((graph, images) =>
      place(graph, images, placementOf(graph, amounts), fillMode),
    );
    const difference = greatestDifference(moved, pixels);
    assert.ok(difference <= PLACEMENT_TOLERANCE, `${difference} gray levels apart`);
  });
}

for (const { amounts, pixels } of tones) {
  test(`gray levels are changed as by Keras: ${JSON.stringify(amounts)}`, async () => {
    const changed = await pixelsOf((graph, images) =>
      applyTone(graph, images, images, toneOf(graph, amounts)),
    );
    assert.ok(changed.every(Number.isInteger));
    const difference = greatestDifference(changed, pixels);
    assert.ok(difference <= ROUNDING, `${difference} gray levels apart`);
  });
}

async function pixelsOf(change: (graph: GraphBuilder, images: Tensor) => Tensor): Promise<number[]> {
  const graph = new GraphBuilder();
  const images = placeholder(graph, "images", "uint8", [null, sizePixels, sizePixels, 3]);
  const pixels = cast(graph, change(graph, images), "float32");
  const described = graphOf(graph, { run: { inputs: { images }, outputs: { pixels } } });
  await using session = await engine.openGraph(described);
  return numbersOf(
    (await session.run("run", { images: fedImages("augmentation", count, sizePixels) })).pixels,
  );
}

function placementOf(
  graph: GraphBuilder,
  { mirrored, rotationDegrees, window, shiftRight, shiftDown }: PlacementAmounts,
): Amounts {
  const radians = ((rotationDegrees ?? 0) * Math.PI) / 180;
  const one = (value: number): Tensor => float32Vector(graph, [value]);
  const yes = (): Tensor =>
    constant(graph, "Const", { dtype: "bool", shape: [1], content: Uint8Array.of(1) });
  return {
    ...(mirrored === true ? { mirroredX: yes() } : {}),
    ...(rotationDegrees === undefined
      ? {}
      : { rotation: { cosine: one(Math.cos(radians)), sine: one(Math.sin(radians)) } }),
    ...(window === undefined ? {} : { window: one(window) }),
    ...(shiftRight === undefined ? {} : { shiftX: one(shiftRight * sizePixels) }),
    ...(shiftDown === undefined ? {} : { shiftY: one(shiftDown * sizePixels) }),
  };
}

function toneOf(
  graph: GraphBuilder,
  { brightness, contrast }: { readonly brightness?: number; readonly contrast?: number },
): Amounts {
  return {
    ...(brightness === undefined ? {} : { brightness: float32Vector(graph, [brightness * 255]) }),
    ...(contrast === undefined ? {} : { contrast: float32Vector(graph, [contrast]) }),
  };
}

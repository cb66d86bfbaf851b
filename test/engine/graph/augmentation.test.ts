import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FillMode } from "../../../src/core/enumerations.js";
import { type Augmentation, NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { drawAmounts } from "../../../src/graph/augmentation/amounts.js";
import { buildAugmentationGraph } from "../../../src/graph/augmentation/augmentation-graph.js";
import { drawForSamples } from "../../../src/graph/augmentation/sample-randomness.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { cast } from "../../../src/graph/ops/array.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { startTestEngine } from "../../testkit/engine.js";
import { assertSameImages, assertSamePixels } from "../../testkit/files/same-pixels.js";
import { graphOf, int32Value, numberOf, numbersOf } from "./graph-of.js";
import { images, labels, TINY_NETWORK, TINY_TRAINING } from "./tiny-network.js";

const SIZE = TINY_NETWORK.imageSizePixels;
const EVERYTHING: Augmentation = {
  horizontalFlip: true,
  verticalFlip: true,
  rotationDegrees: 25,
  widthShift: 0.1,
  heightShift: 0.15,
  zoom: 0.2,
  brightness: 0.2,
  contrast: 0.3,
  fillMode: "REFLECT",
};

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

interface Request {
  readonly augmentation: Augmentation;
  /** Numbers of the samples, which are also the numbers of their images. */
  readonly samples: readonly number[];
  readonly epoch?: number;
  readonly seed?: number;
}

const IMAGES = images(48).data as Uint8Array;
const IMAGE_BYTES = SIZE * SIZE * 3;

function imageOf(sample: number): number[] {
  return [...IMAGES.subarray(sample * IMAGE_BYTES, (sample + 1) * IMAGE_BYTES)];
}

function batchOf(samples: readonly number[]): TensorValue {
  return {
    dtype: "uint8",
    shape: [samples.length, SIZE, SIZE, 3],
    data: Uint8Array.from(samples.flatMap(imageOf)),
  };
}

/** Pixels of each sample as training would see them. */
async function augmented({ augmentation, samples, epoch = 1, seed = 7 }: Request): Promise<number[][]> {
  await using session = await engine.openGraph(buildAugmentationGraph(SIZE, augmentation, seed));
  const { pixels } = await session.run("augment", {
    images: batchOf(samples),
    samples: int32Value([samples.length], samples),
    epoch: int32Value([], [epoch]),
  });
  const all = numbersOf(pixels);
  return samples.map((_, at) => all.slice(at * IMAGE_BYTES, (at + 1) * IMAGE_BYTES));
}

/** The image with each pixel taken from the position that `from` returns. */
function rearranged(pixels: readonly number[], from: (row: number, column: number) => [number, number]) {
  return pixels.map((_, at) => {
    const [row, column] = from(Math.floor(at / (SIZE * 3)), Math.floor(at / 3) % SIZE);
    return pixels[(row * SIZE + column) * 3 + (at % 3)]!;
  });
}

function upTo(count: number): number[] {
  return [...Array(count).keys()];
}

describe("an augmented sample", () => {
  test("does not depend on the batch or the place in the batch", async () => {
    const samples = upTo(37);
    const together = await augmented({ augmentation: EVERYTHING, samples });
    const backwards = await augmented({ augmentation: EVERYTHING, samples: samples.toReversed() });
    assertSameImages(backwards.toReversed(), together);
    for (const sample of [0, 17, 36]) {
      const [alone] = await augmented({ augmentation: EVERYTHING, samples: [sample] });
      assertSamePixels(alone!, together[sample]!, `sample ${sample}`);
    }
  });

  test("differs for every epoch, sample and seed", async () => {
    const one = { augmentation: { ...NO_AUGMENTATION, rotationDegrees: 25 }, samples: [5] };
    const [first] = await augmented(one);
    const [again] = await augmented(one);
    assertSamePixels(again!, first!);
    const [nextEpoch] = await augmented({ ...one, epoch: 2 });
    const [otherSeed] = await augmented({ ...one, seed: 8 });
    assert.notDeepEqual(nextEpoch, first);
    assert.notDeepEqual(otherSeed, first);

    await using session = await engine.openGraph(buildAugmentationGraph(SIZE, one.augmentation, 7));
    const { pixels } = await session.run("augment", {
      images: batchOf([5, 5]),
      samples: int32Value([2], [5, 6]),
      epoch: int32Value([], [1]),
    });
    const both = numbersOf(pixels);
    assertSamePixels(both.slice(0, IMAGE_BYTES), first!);
    assert.notDeepEqual(both.slice(IMAGE_BYTES), first);
  });

  test("is unchanged or exactly mirrored when only flips are set", async () => {
    const samples = upTo(48);
    const mirrors = {
      horizontalFlip: (pixels: number[]) => rearranged(pixels, (row, column) => [row, SIZE - 1 - column]),
      verticalFlip: (pixels: number[]) => rearranged(pixels, (row, column) => [SIZE - 1 - row, column]),
    };
    for (const [flip, mirror] of Object.entries(mirrors)) {
      const results = await augmented({ augmentation: { ...NO_AUGMENTATION, [flip]: true }, samples });
      const mirrored = results.filter((pixels, sample) => {
        const same = pixels.join() === imageOf(sample).join();
        if (!same) assertSamePixels(pixels, mirror(imageOf(sample)), `${flip} of sample ${sample}`);
        return !same;
      });
      assert.ok(mirrored.length > 12 && mirrored.length < 36, `${flip}: ${mirrored.length} of 48`);
    }
  });

  test("is mirrored in the same way with and without other changes", async () => {
    const samples = upTo(16);
    for (const flip of ["horizontalFlip", "verticalFlip"]) {
      const flipped = await augmented({ augmentation: { ...NO_AUGMENTATION, [flip]: true }, samples });
      // A shift this small is rounded away.
      const augmentation = { ...NO_AUGMENTATION, [flip]: true, widthShift: 1e-6, brightness: 1e-6 };
      assertSameImages(await augmented({ augmentation, samples }), flipped, flip);
    }
  });

  test("is filled beyond its edges by the fill mode", async () => {
    const shifted = (fillMode: FillMode) =>
      augmented({ augmentation: { ...NO_AUGMENTATION, heightShift: 1, fillMode }, samples: upTo(8) });
    const results = await Promise.all(Object.values(FillMode).map(shifted));
    assert.equal(new Set(results.map(String)).size, Object.keys(FillMode).length);
    // Only the area beyond the edge of a white image can be black.
    const graph = buildAugmentationGraph(
      SIZE,
      { ...NO_AUGMENTATION, heightShift: 1, fillMode: "CONSTANT" },
      7,
    );
    await using session = await engine.openGraph(graph);
    const { pixels } = await session.run("augment", {
      images: { dtype: "uint8", shape: [1, SIZE, SIZE, 3], data: new Uint8Array(IMAGE_BYTES).fill(255) },
      samples: int32Value([1], [0]),
      epoch: int32Value([], [1]),
    });
    assert.ok(numbersOf(pixels).includes(0));
  });

  test("stays white or black when it cannot become brighter or darker", async () => {
    // TensorFlow converts so few values one by one, where a value above the range would wrap around to black.
    const size = 1;
    const samples = upTo(24);
    const augmentation = { ...NO_AUGMENTATION, brightness: 1 };
    await using session = await engine.openGraph(buildAugmentationGraph(size, augmentation, 7));
    const levelsOf = async (gray: number): Promise<number[]> => {
      const { pixels } = await session.run("augment", {
        images: {
          dtype: "uint8",
          shape: [samples.length, size, size, 3],
          data: new Uint8Array(samples.length * 3).fill(gray),
        },
        samples: int32Value([samples.length], samples),
        epoch: int32Value([], [1]),
      });
      return numbersOf(pixels);
    };
    const [white, black] = [await levelsOf(255), await levelsOf(0)];
    for (const [at, level] of white.entries()) {
      assert.ok(level === 255 || black[at] === 0, `white becomes ${level} and black ${black[at]}`);
    }
    assert.ok(white.some((level) => level < 255) && black.some((level) => level > 0));
  });

  test("has whole gray levels from black to white", async () => {
    const augmentation = { ...NO_AUGMENTATION, brightness: 1, contrast: 1 };
    const values = new Set((await augmented({ augmentation, samples: upTo(24) })).flat());
    assert.ok([...values].every((value) => Number.isInteger(value) && value >= 0 && value <= 255));
    assert.ok(values.has(0) && values.has(255));
  });
});

describe("the random changes", () => {
  const COUNT = 4000;

  async function drawn(
    draw: (graph: GraphBuilder, samples: Tensor, epoch: Tensor) => Readonly<Record<string, Tensor>>,
  ): Promise<Readonly<Record<string, number[]>>> {
    const graph = new GraphBuilder();
    const samples = placeholder(graph, "samples", "int32", [null]);
    const epoch = placeholder(graph, "epoch", "int32", []);
    const outputs = draw(graph, samples, epoch);
    const described = graphOf(graph, { run: { inputs: { samples, epoch }, outputs } });
    await using session = await engine.openGraph(described);
    const values = await session.run("run", {
      samples: int32Value([COUNT], upTo(COUNT)),
      epoch: int32Value([], [3]),
    });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numbersOf(value)]));
  }

  test("is SplitMix64 of seed, epoch, sample and stream, to the last bit", async () => {
    const seed = -12345678901;
    const values = await drawn((graph, samples, epoch) => {
      const [first, fifth] = drawForSamples(graph, { samples, epoch, seed }, [0, 4]);
      return { first: first!, fifth: fifth! };
    });
    const bits = (x: bigint) => BigInt.asUintN(64, x);
    const mix = (z: bigint) => {
      z = bits((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = bits((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      return z ^ (z >> 31n);
    };
    const gamma = 0x9e3779b97f4a7c15n;
    const ofEpoch = mix(mix(bits(BigInt(seed) + gamma)) ^ 3n);
    const expected = (stream: bigint) =>
      upTo(COUNT).map((sample) => {
        const state = mix(ofEpoch ^ BigInt(sample)) + (stream + 1n) * gamma;
        return Number(mix(bits(state)) >> 40n) / 2 ** 24;
      });
    assert.deepEqual(values.first, expected(0n));
    assert.deepEqual(values.fifth, expected(4n));
  });

  test("are uniform in the requested ranges and independent of each other", async () => {
    const values = await drawn((graph, samples, epoch) => {
      const amounts = drawAmounts(graph, { samples, epoch, seed: 1 }, EVERYTHING, 100);
      const { mirroredX, mirroredY, rotation, ...others } = amounts;
      return {
        mirroredX: cast(graph, mirroredX!, "float32"),
        mirroredY: cast(graph, mirroredY!, "float32"),
        cosine: rotation!.cosine,
        sine: rotation!.sine,
        ...others,
      };
    });
    const degrees = values.sine!.map((sine, at) => (Math.atan2(sine, values.cosine![at]!) * 180) / Math.PI);
    const ranges: Readonly<Record<string, readonly [least: number, greatest: number]>> = {
      mirroredX: [0, 1],
      mirroredY: [0, 1],
      degrees: [-25, 25],
      shiftX: [-10, 10],
      shiftY: [-15, 15],
      window: [0.8, 1.2],
      brightness: [-51, 51],
      contrast: [0.7, 1.3],
    };
    const all: Readonly<Record<string, readonly number[]>> = { ...values, degrees };
    const standardized = Object.entries(ranges).map(([name, [least, greatest]]) => {
      const unit = all[name]!.map((value) => (value - least) / (greatest - least));
      const [smallest, largest] = [Math.min(...unit), Math.max(...unit)];
      assert.ok(smallest >= -1e-6 && smallest < 0.01 && largest <= 1 + 1e-6 && largest > 0.99, name);
      const mean = meanOf(unit);
      assert.ok(Math.abs(mean - 0.5) < 0.03, `${name} has the mean ${mean}`);
      return { name, values: unit.map((value) => value - mean) };
    });
    for (const [index, a] of standardized.entries()) {
      for (const b of standardized.slice(index + 1)) {
        const product = meanOf(a.values.map((value, at) => value * b.values[at]!));
        const scale = Math.sqrt(meanOf(a.values.map((x) => x * x)) * meanOf(b.values.map((x) => x * x)));
        assert.ok(Math.abs(product / scale) < 0.06, `${a.name} goes with ${b.name}`);
      }
    }
  });
});

describe("training with an augmentation", () => {
  const samples = [4, 9, 2, 40];
  const feed = (images: TensorValue) => ({ images, labels: labels(samples.length) });
  const draw = () => ({ samples: int32Value([samples.length], samples), epoch: int32Value([], [6]) });
  const training = buildTrainingGraph(TINY_NETWORK, { ...TINY_TRAINING, augmentation: EVERYTHING });
  const plain = buildTrainingGraph(TINY_NETWORK, TINY_TRAINING);

  test("`augment` returns the pixels of a preview", async () => {
    await using session = await engine.openGraph(training);
    const { pixels } = await session.run("augment", { images: batchOf(samples), ...draw() });
    const preview = await augmented({
      augmentation: EVERYTHING,
      samples,
      epoch: 6,
      seed: TINY_NETWORK.seed,
    });
    assertSamePixels(numbersOf(pixels), preview.flat());
  });

  test("trains on the same pixels", async () => {
    const seen = await augmented({ augmentation: EVERYTHING, samples, epoch: 6, seed: TINY_NETWORK.seed });
    const images = (): TensorValue => ({ ...batchOf(samples), data: Uint8Array.from(seen.flat()) });
    await using augmenting = await engine.openGraph(training);
    await using unchanging = await engine.openGraph(plain);
    await augmenting.run("init", {});
    await unchanging.run("init", {});
    const [own, given, original] = [
      await augmenting.run("train_step", { ...feed(batchOf(samples)), ...draw() }),
      await unchanging.run("train_step", feed(images())),
      await unchanging.run("train_step", feed(batchOf(samples))),
    ];
    assert.equal(numberOf(own.loss), numberOf(given.loss));
    assert.notEqual(numberOf(own.loss), numberOf(original.loss));
  });

  test("evaluation and prediction use images without augmentation", async () => {
    await using augmenting = await engine.openGraph(training);
    await using unchanging = await engine.openGraph(plain);
    await augmenting.run("init", {});
    await unchanging.run("init", {});
    for (const session of [augmenting, unchanging]) {
      assert.deepEqual(Object.keys(session.signatures.eval_step!.inputs), ["images", "labels"]);
      assert.deepEqual(Object.keys(session.signatures.predict!.inputs), ["images"]);
    }
    const [evaluated, expected] = [
      await augmenting.run("eval_step", feed(batchOf(samples))),
      await unchanging.run("eval_step", feed(batchOf(samples))),
    ];
    assert.deepEqual(evaluated, expected);
  });
});

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

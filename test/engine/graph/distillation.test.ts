import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Distillation } from "../../../src/core/runs/configuration.js";
import { NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { Session } from "../../../src/engine/session.js";
import type { NetworkSpec, TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { resizeImages } from "../../../src/graph/architectures/resize-images.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { cast } from "../../../src/graph/ops/array.js";
import { float32Vector, int32Vector, placeholder } from "../../../src/graph/ops/constants.js";
import { float32Value, graphOf, numberOf, numbersOf } from "./graph-of.js";
import { images, labels, TINY_NETWORK, TINY_TRAINING } from "./tiny-network.js";
import { farthest, integer, partOf, TrainingBench } from "./training-sessions.js";

const BATCH = 5;
const CLASSES = TINY_NETWORK.classCount;
const IN_ORDER = [0, 1, 2, 3];

const DISTILLATION: Distillation = {
  ...{ teacher: "flowers:1", kind: "KNOWLEDGE", temperature: 4, weight: 0.9, beta: 8 },
};
/** Another architecture, width and preprocessing than those of the student. */
const TEACHER: NetworkSpec = {
  ...TINY_NETWORK,
  architecture: "RESNET18",
  widthMultiplier: 1 / 8,
  preprocessing: "IMAGENET_TORCH",
  seed: 11,
};
const SGD: Partial<TrainingSpec> = {
  optimizer: { kind: "sgd", momentum: 0, nesterov: false },
  learningRate: { kind: "constant", initial: 0.02, warmupEpochs: 0 },
};

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

/** A checkpoint of a network that has seen a few images, so that its statistics moved. */
async function trained(network: NetworkSpec): Promise<string> {
  const { session } = await bench.start(network);
  for (let step = 0; step < 2; step++) {
    await session.run("train_step", {
      images: images(8, network.imageSizePixels),
      labels: labels(8, network.classCount),
    });
  }
  const { folder } = await bench.save(session);
  await session[Symbol.asyncDispose]();
  return folder;
}

const prefixOf = (folder: string) => ({
  prefix: { dtype: "string", shape: [], data: [path.join(folder, "variables")] } as const,
});

/** A student that learns from a teacher in its graph. */
async function startWithTeacher(
  folder: string,
  {
    network = TEACHER,
    classPositions = IN_ORDER,
    distillation = DISTILLATION,
    student = TINY_NETWORK,
    ...training
  }: Partial<TrainingSpec> & {
    readonly network?: NetworkSpec;
    readonly classPositions?: readonly number[];
    readonly student?: NetworkSpec;
  } = {},
) {
  const teacher = { network, classPositions, cachedLogits: false };
  const started = await bench.start(student, { ...SGD, ...training, distillation, teacher });
  await started.session.run("teacher", prefixOf(folder));
  return started;
}

/** The logits of a network for the batch, computed as the cache of logits is. */
async function logitsOf(network: NetworkSpec, folder: string, sizePixels = network.imageSizePixels) {
  await using session = await bench.engine.openGraph(buildServingGraph(network));
  await restoreCheckpoint(session, folder);
  const outputs = await session.run("serving_default", {
    images: partOf(BATCH, 0, BATCH, CLASSES, sizePixels).images,
  });
  return numbersOf(outputs.logits);
}

const batch = () => partOf(BATCH, 0, BATCH, CLASSES);

async function lossOf(session: Session, more: Parameters<Session["run"]>[1] = {}): Promise<number> {
  const { loss } = await session.run("train_step", { ...batch(), ...more });
  return numberOf(loss);
}

for (const kind of ["KNOWLEDGE", "DECOUPLED"] as const) {
  test(`a teacher in the graph and its cached logits change the weights in the same way: ${kind}`, async () => {
    const folder = await trained(TEACHER);
    const distillation = { ...DISTILLATION, kind };
    const inGraph = await startWithTeacher(folder, { distillation });
    const teacher = { network: TEACHER, classPositions: IN_ORDER, cachedLogits: true };
    const cached = await bench.start(TINY_NETWORK, { ...SGD, distillation, teacher });
    const logits = await logitsOf(TEACHER, folder);
    const fed = float32Value([BATCH, CLASSES], logits);
    const [a, b] = [await lossOf(inGraph.session), await lossOf(cached.session, { teacher_logits: fed })];
    assert.ok(Math.abs(a - b) <= 1e-5 * Math.abs(b), `${a} and ${b}`);
    assert.ok(farthest(await bench.values(inGraph), await bench.values(cached)) < 1e-5);

    const alone = await bench.start(TINY_NETWORK, SGD);
    assert.ok(Math.abs((await lossOf(alone.session)) - a) > 1e-3, "the teacher counts");
    assert.ok(farthest(await bench.values(alone), await bench.values(cached)) > 1e-4);
  });
}

test("a teacher's logits are ordered by the student's classes", async () => {
  const folder = await trained(TEACHER);
  const logits = await logitsOf(TEACHER, folder);
  const positions = [2, 0, 3, 1];
  const ordered = Array.from({ length: BATCH }, (_, image) =>
    positions.map((position) => logits[image * CLASSES + position]!),
  ).flat();
  const cached = await bench.start(TINY_NETWORK, {
    ...SGD,
    distillation: DISTILLATION,
    teacher: { network: TEACHER, classPositions: IN_ORDER, cachedLogits: true },
  });
  const expected = await lossOf(cached.session, { teacher_logits: float32Value([BATCH, CLASSES], ordered) });
  const { session } = await startWithTeacher(folder, { classPositions: positions });
  assert.ok(Math.abs((await lossOf(session)) - expected) <= 1e-5 * expected);
});

test("a pruned network teaches a pruned student", async () => {
  const network = { ...TEACHER, layerWidths: { conv2_block1_1_conv: 3, conv3_block2_1_conv: 5 } };
  const student = { ...TINY_NETWORK, layerWidths: { block2_conv1: 5 } };
  const folder = await trained(network);
  const inGraph = await startWithTeacher(folder, { network, student });
  const teacher = { network, classPositions: IN_ORDER, cachedLogits: true };
  const cached = await bench.start(student, { ...SGD, distillation: DISTILLATION, teacher });
  const fed = float32Value([BATCH, CLASSES], await logitsOf(network, folder));
  const [a, b] = [await lossOf(inGraph.session), await lossOf(cached.session, { teacher_logits: fed })];
  assert.ok(Math.abs(a - b) <= 1e-5 * Math.abs(b), `${a} and ${b}`);
});

test("no checkpoint, histogram or update has the weights of a teacher, and restoring keeps them", async () => {
  const folder = await trained(TEACHER);
  const student = await startWithTeacher(folder);
  const plain = buildTrainingGraph(TINY_NETWORK, { ...TINY_TRAINING, ...SGD });
  assert.deepEqual(student.graph.variables, plain.variables);
  assert.deepEqual(student.graph.signatures.histograms, plain.signatures.histograms);
  const saved = await bench.save(student.session);
  const first = await lossOf(student.session);
  assert.notEqual(await lossOf(student.session), first);
  await bench.restore(student.session, saved.folder);
  assert.equal(await lossOf(student.session), first);
});

test("micro-batches with a teacher change the weights as the whole batch does", async () => {
  const folder = await trained(TEACHER);
  const student = { ...TINY_NETWORK, batchNormalization: false };
  const whole = await startWithTeacher(folder, { student });
  const parts = await startWithTeacher(folder, { student, accumulation: true });
  const loss = await lossOf(whole.session);
  let lossSum = 0;
  for (const [from, to] of [
    [0, 2],
    [2, 5],
  ] as const) {
    const inputs = { ...partOf(BATCH, from, to, CLASSES), first: integer(from), batch_size: integer(BATCH) };
    lossSum += numberOf((await parts.session.run("accumulate", inputs)).loss_sum);
  }
  await parts.session.run("apply", {});
  assert.ok(Math.abs(lossSum / BATCH - loss) < 1e-5 * loss);
  assert.ok(farthest(await bench.values(whole), await bench.values(parts)) < 1e-4);
});

for (const precision of ["MIXED_BFLOAT16"] as const) {
  test(`a teacher of another image size sees the augmented images at its own size, in ${precision} too`, async () => {
    const network = { ...TEACHER, imageSizePixels: 48 };
    const folder = await trained(network);
    const augmentation = { ...NO_AUGMENTATION, horizontalFlip: true, rotationDegrees: 20 };
    const student = { ...TINY_NETWORK, precision };
    const { session } = await startWithTeacher(folder, { network, student, augmentation });
    const draw = (epoch: number) => ({
      samples: {
        dtype: "int32",
        shape: [BATCH],
        data: Int32Array.from({ length: BATCH }, (_, i) => i),
      } as const,
      epoch: integer(epoch),
    });
    const saved = await bench.save(session);
    const losses: number[] = [];
    for (const epoch of [1, 1, 2]) {
      await bench.restore(session, saved.folder);
      losses.push(await lossOf(session, draw(epoch)));
    }
    assert.equal(losses[0], losses[1]);
    assert.notEqual(losses[0], losses[2]);
  });
}

for (const [from, to] of [
  [64, 48],
  [64, 24],
  [32, 96],
  [33, 50],
] as const) {
  test(`images are resized from ${from} to ${to} pixels as TensorFlow does with antialiasing`, async () => {
    const graph = new GraphBuilder();
    const fed = placeholder(graph, "images", "uint8", [null, from, from, 3]);
    const outputs = {
      resized: resizeImages(graph, fed, to),
      expected: scaleAndTranslate(graph, fed, from, to),
    };
    await using session = await bench.engine.openGraph(
      graphOf(graph, { run: { inputs: { images: fed }, outputs } }),
    );
    const { resized, expected } = await session.run("run", { images: images(3, from) });
    assert.deepEqual(resized!.shape, [3, to, to, 3]);
    const values = numbersOf(expected);
    for (const [i, value] of numbersOf(resized).entries()) {
      assert.ok(Math.abs(value - values[i]!) < 1e-3, `${i}: ${value} instead of ${values[i]}`);
    }
  });
}

/** The kernel of `tf.image.resize(method="bilinear", antialias=True)`. */
function scaleAndTranslate(graph: GraphBuilder, fed: Tensor, from: number, to: number): Tensor {
  return graph.add("ScaleAndTranslate", {
    inputs: [
      cast(graph, fed, "float32"),
      int32Vector(graph, [to, to]),
      float32Vector(graph, [to / from, to / from]),
      float32Vector(graph, [0, 0]),
    ],
    attributes: {
      T: { type: "float32" },
      kernel_type: { text: "triangle" },
      antialias: { bool: true },
    },
    outputs: () => [{ dtype: "float32", shape: [null, to, to, 3] }],
  });
}

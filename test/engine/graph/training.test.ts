import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { Session } from "../../../src/engine/session.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { startTestEngine } from "../../testkit/engine.js";
import { numberOf, numbersOf } from "./graph-of.js";
import { images, labels, TINY_NETWORK, TINY_TRAINING } from "./tiny-network.js";

const DROPPING: NetworkSpec = {
  ...TINY_NETWORK,
  head: { kind: "FULLY_CONNECTED", units: 16, dropout: 0.5 },
};
const NETWORKS: readonly (readonly [string, NetworkSpec])[] = [
  ["a batch-normalized network", TINY_NETWORK],
  ["a network with dropout in bf16", { ...DROPPING, precision: "MIXED_BFLOAT16" }],
  ["a network with dropout in float16", { ...DROPPING, precision: "MIXED_FLOAT16" }],
];

let engine: EngineHost;
let folder: string;
before(async () => {
  engine = await startTestEngine();
  folder = await mkdtemp(path.join(tmpdir(), "espalier-training-graph-"));
});
after(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function openTraining(network: NetworkSpec): Promise<Session> {
  const session = await engine.openGraph(buildTrainingGraph(network, TINY_TRAINING));
  await session.run("init", {});
  return session;
}

const step = (session: Session, count = 8) =>
  session.run("train_step", { images: images(count), labels: labels(count) });

async function steps(session: Session, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await step(session);
}

/** A digest of all variables, the optimizer's included. */
async function digestOf(session: Session, name: string): Promise<string> {
  const target = path.join(folder, name);
  const { sha256 } = await saveCheckpoint(session, target);
  await rm(target, { recursive: true });
  return sha256;
}

for (const precision of ["FLOAT32", "MIXED_BFLOAT16", "MIXED_FLOAT16"] as const) {
  for (const batchNormalization of [true, false]) {
    const title = batchNormalization ? "with" : "without";
    test(`a tiny network memorizes eight images in ${precision} ${title} batch normalization`, async () => {
      await using session = await openTraining({ ...TINY_NETWORK, precision, batchNormalization });
      const first = numberOf((await step(session)).loss);
      await steps(session, 118);
      const { loss, top1 } = await step(session);
      assert.ok(numberOf(loss) < first / 20, `loss ${first} became ${numberOf(loss)}`);
      assert.equal(numberOf(top1), 8);
    });
  }
}

for (const [name, network] of NETWORKS) {
  test(`two runs of ${name} from one seed end with the same bytes, another seed with others`, async () => {
    const digests: string[] = [];
    for (const seed of [5, 5, 6]) {
      await using session = await openTraining({ ...network, seed });
      await steps(session, 6);
      digests.push(await digestOf(session, `seed-${digests.length}`));
    }
    assert.equal(digests[0], digests[1]);
    assert.notEqual(digests[0], digests[2]);
  });

  test(`${name} that resumes from a checkpoint ends with the bytes of an uninterrupted one`, async () => {
    const checkpoint = path.join(folder, "interrupted");
    await using uninterrupted = await openTraining(network);
    await steps(uninterrupted, 3);
    await saveCheckpoint(uninterrupted, checkpoint);
    await steps(uninterrupted, 3);

    await using resumed = await engine.openGraph(buildTrainingGraph(network, TINY_TRAINING));
    await restoreCheckpoint(resumed, checkpoint);
    await steps(resumed, 3);
    assert.equal(await digestOf(resumed, "resumed"), await digestOf(uninterrupted, "uninterrupted"));
    await rm(checkpoint, { recursive: true });
  });
}

test("a step returns the loss before its update, the rate that it used and its number", async () => {
  await using session = await openTraining({ ...TINY_NETWORK, batchNormalization: false });
  const before = await session.run("eval_step", { images: images(8), labels: labels(8) });
  const first = await step(session);
  const second = await step(session);
  const mean = numbersOf(before.losses).reduce((sum, loss) => sum + loss, 0) / 8;
  assert.ok(Math.abs(numberOf(first.loss) - mean) < 1e-5);
  const likeliest = numbersOf(before.ranked).filter((_, i) => i % 4 === 0);
  assert.equal(numberOf(first.top1), likeliest.filter((label, i) => label === i % 4).length);
  assert.ok(Math.abs(numberOf(first.learning_rate) - 3e-3) < 1e-9);
  assert.deepEqual([numberOf(first.global_step), numberOf(second.global_step)], [1, 2]);
  assert.ok(numberOf(second.loss) < numberOf(first.loss));
});

test("a batch may have any size, and its counts are those of its images", async () => {
  await using session = await openTraining(TINY_NETWORK);
  for (const count of [8, 3, 1]) {
    const { loss, top5 } = await step(session, count);
    assert.ok(Number.isFinite(numberOf(loss)));
    assert.equal(numberOf(top5), count);
  }
});

test("the evaluation of an image does not depend on its batch", async () => {
  await using session = await openTraining(DROPPING);
  await steps(session, 2);
  const evaluate = async (from: number, to: number) => {
    const all = images(8).data as Uint8Array;
    const each = all.length / 8;
    const part = {
      dtype: "uint8",
      shape: [to - from, 32, 32, 3],
      data: all.slice(from * each, to * each),
    } as const;
    const truth = (labels(8).data as Int32Array).slice(from, to);
    const found = await session.run("eval_step", {
      images: part,
      labels: { dtype: "int32", shape: [to - from], data: truth },
    });
    return [found.losses, found.ranked, found.probabilities].map(numbersOf);
  };
  const [whole, five, three] = [await evaluate(0, 8), await evaluate(0, 5), await evaluate(5, 8)];
  for (const [output, expected] of whole.entries()) {
    const found = [...five[output]!, ...three[output]!];
    assert.equal(found.length, expected.length);
    for (const [i, value] of found.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-5);
  }
});

test("evaluation returns the plain loss of every image, whatever loss training minimizes", async () => {
  const settings = { labelSmoothing: 0.3, classWeights: [4, 0.5, 2, 3] };
  const graph = buildTrainingGraph(TINY_NETWORK, { ...TINY_TRAINING, ...settings });
  await using session = await engine.openGraph(graph);
  await session.run("init", {});
  const { losses } = await session.run("eval_step", { images: images(8), labels: labels(8) });
  const probabilities = numbersOf((await session.run("predict", { images: images(8) })).probabilities);
  for (const [i, loss] of numbersOf(losses).entries()) {
    const expected = -Math.log(probabilities[i * 4 + (i % 4)]!);
    assert.ok(Math.abs(loss - expected) < 1e-5, `image ${i}: ${loss} instead of ${expected}`);
  }
});

test("evaluation and prediction drop nothing and change nothing", async () => {
  await using session = await openTraining(DROPPING);
  const before = await digestOf(session, "before");
  const predict = async () => (await session.run("predict", { images: images(4) })).probabilities;
  const [first, second] = [numbersOf(await predict()), numbersOf(await predict())];
  await session.run("eval_step", { images: images(4), labels: labels(4) });
  assert.deepEqual(first, second);
  for (let row = 0; row < 4; row++) {
    const total = first.slice(row * 4, row * 4 + 4).reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(total - 1) < 1e-6);
  }
  assert.equal(await digestOf(session, "after"), before);
});

test("dropout drops different activations in every step", async () => {
  // With a rate of 0 the weights do not change, so only dropout can change the loss.
  const training = {
    ...TINY_TRAINING,
    learningRate: { kind: "constant", initial: 0, warmupEpochs: 0 },
  } as const;
  const network = { ...DROPPING, batchNormalization: false };
  await using session = await engine.openGraph(buildTrainingGraph(network, training));
  await session.run("init", {});
  const losses = [numberOf((await step(session)).loss), numberOf((await step(session)).loss)];
  assert.notEqual(losses[0], losses[1]);
});

test("a serving graph restores a training checkpoint and predicts the same", async () => {
  const network: NetworkSpec = { ...TINY_NETWORK, precision: "MIXED_BFLOAT16" };
  const checkpoint = path.join(folder, "served");
  await using training = await openTraining(network);
  await steps(training, 3);
  await saveCheckpoint(training, checkpoint);
  await using serving = await engine.openGraph(buildServingGraph(network));
  await restoreCheckpoint(serving, checkpoint);

  const [expected, found] = [
    await training.run("predict", { images: images(5) }),
    await serving.run("serving_default", { images: images(5) }),
  ];
  assert.deepEqual(numbersOf(found.probabilities), numbersOf(expected.probabilities));
  assert.deepEqual(numbersOf(found.logits), numbersOf(expected.logits));
});

test("a learning rate that is far too high gives a loss that is not finite, and no correct answers", async () => {
  const learningRate = { kind: "constant", initial: 1e30, warmupEpochs: 0 } as const;
  const optimizer = { kind: "sgd", momentum: 0, nesterov: false } as const;
  const network = { ...TINY_NETWORK, batchNormalization: false };
  await using session = await engine.openGraph(
    buildTrainingGraph(network, { ...TINY_TRAINING, learningRate, optimizer }),
  );
  await session.run("init", {});
  await steps(session, 3);
  const { loss, top1 } = await step(session);
  assert.ok(!Number.isFinite(numberOf(loss)));
  assert.equal(numberOf(top1), 0);
  const { logits } = await session.run("predict", { images: images(2) });
  assert.ok(numbersOf(logits).some((value) => !Number.isFinite(value)));
});

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Session } from "../../../src/engine/session.js";
import type { NetworkSpec, TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { numberOf } from "./graph-of.js";
import { TINY_NETWORK } from "./tiny-network.js";
import { farthest, integer, partOf, TrainingBench } from "./training-sessions.js";

const BATCH = 5;
const PARTS = [
  [0, 2],
  [2, 4],
  [4, 5],
] as const;

/** Dropout in both hidden layers; normalization would see each part alone. */
const DROPPING: NetworkSpec = {
  ...TINY_NETWORK,
  batchNormalization: false,
  head: { kind: "FULLY_CONNECTED", units: 16, dropout: 0.4 },
};
/** SGD shows a wrong gradient at its size, where Adam would divide it away. */
const SGD: Partial<TrainingSpec> = {
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
  learningRate: { kind: "constant", initial: 0.02, warmupEpochs: 0 },
};

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

const part = (from: number, to: number) => partOf(BATCH, from, to, TINY_NETWORK.classCount);

async function accumulate(session: Session, from: number, to: number) {
  const inputs = { ...part(from, to), first: integer(from), batch_size: integer(BATCH) };
  return session.run("accumulate", inputs);
}

async function stepInParts(session: Session): Promise<{ lossSum: number; top1: number; rate: number }> {
  let [lossSum, top1] = [0, 0];
  for (const [from, to] of PARTS) {
    const outputs = await accumulate(session, from, to);
    lossSum += numberOf(outputs.loss_sum);
    top1 += numberOf(outputs.top1);
  }
  const { learning_rate } = await session.run("apply", {});
  return { lossSum, top1, rate: numberOf(learning_rate) };
}

const CASES: readonly (readonly [string, NetworkSpec, Partial<TrainingSpec>])[] = [
  ["with dropout", DROPPING, SGD],
  [
    "with dropout of features that fill no whole block",
    { ...DROPPING, head: { ...DROPPING.head, units: 13 } },
    SGD,
  ],
  [
    "with smoothing, class weights, clipping and decay",
    DROPPING,
    { ...SGD, labelSmoothing: 0.1, classWeights: [1, 2, 0.5, 3], gradientClipNorm: 0.3, weightDecay: 0.01 },
  ],
  ["with frozen blocks", DROPPING, { ...SGD, frozenStages: 2 }],
];

for (const [title, network, training] of CASES) {
  test(`micro-batches of 2, 2 and 1 change the weights as the batch of 5 does, ${title}`, async () => {
    const whole = await bench.start(network, training);
    const parts = await bench.start(network, { ...training, accumulation: true });
    await using _whole = whole.session;
    await using _parts = parts.session;
    const first = await bench.values(whole);
    for (let step = 1; step <= 3; step++) {
      const once = await whole.session.run("train_step", part(0, BATCH));
      const { lossSum, top1, rate } = await stepInParts(parts.session);
      const loss = numberOf(once.loss);
      assert.ok(
        Math.abs(lossSum / BATCH - loss) < 1e-5 * loss,
        `step ${step}: ${lossSum / BATCH}, not ${loss}`,
      );
      assert.equal(top1, numberOf(once.top1));
      assert.equal(rate, numberOf(once.learning_rate));
    }
    const [expected, found] = [await bench.values(whole), await bench.values(parts)];
    assert.ok(farthest(found, expected) < 1e-5, `off by ${farthest(found, expected)}`);
    assert.ok(farthest(first, expected) > 1e-3, "three steps change the weights visibly");
  });
}

test("gradients of an unfinished batch are discarded", async () => {
  const { session, graph } = await bench.start(DROPPING, { ...SGD, accumulation: true });
  const other = await bench.start(DROPPING, { ...SGD, accumulation: true });
  await using _session = session;
  await using _other = other.session;
  await accumulate(session, 0, 2);
  await session.run("reset", {});
  await stepInParts(session);
  await stepInParts(other.session);
  const [found, expected] = [await bench.values({ session, graph }), await bench.values(other)];
  assert.equal(farthest(found, expected), 0);
});

test("a checkpoint has no accumulators, and restoring one discards accumulated gradients", async () => {
  const { session, graph } = await bench.start(DROPPING, { ...SGD, accumulation: true });
  await using _session = session;
  assert.deepEqual(
    graph.variables.filter(({ name }) => name.includes("accumulator")),
    [],
  );
  const { folder, sha256 } = await bench.save(session);
  await accumulate(session, 0, 2);
  assert.equal((await bench.save(session)).sha256, sha256, "accumulating changes no weights");
  await bench.restore(session, folder);
  await stepInParts(session);

  const other = await bench.start(DROPPING, { ...SGD, accumulation: true });
  await using _other = other.session;
  await stepInParts(other.session);
  assert.equal((await bench.save(session)).sha256, (await bench.save(other.session)).sha256);
});

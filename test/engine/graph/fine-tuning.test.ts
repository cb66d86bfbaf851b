import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { numberOf, numbersOf } from "./graph-of.js";
import { TINY_NETWORK, TINY_TRAINING } from "./tiny-network.js";
import { partOf, TrainingBench } from "./training-sessions.js";

const BATCH = 6;
const FROZEN = 3;
const DROPPING: NetworkSpec = {
  ...TINY_NETWORK,
  head: { kind: "FULLY_CONNECTED", units: 16, dropout: 0.3 },
};

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

const batch = () => partOf(BATCH, 0, BATCH, TINY_NETWORK.classCount);
const isFrozen = (name: string) => /^block[1-3]_/.test(name);

test("frozen stages keep every byte, including moving statistics, while the other layers learn", async () => {
  const opened = await bench.start(DROPPING, {
    frozenStages: FROZEN,
    weightDecay: 0.1,
    optimizer: { kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  });
  await using session = opened.session;
  const before = await bench.values(opened);
  for (let step = 0; step < 3; step++) await session.run("train_step", batch());
  const after = await bench.values(opened);
  const network = [...before.keys()].filter((name) => !/adam_/.test(name));
  assert.ok(network.filter(isFrozen).length > 10);
  for (const name of network) {
    if (isFrozen(name)) assert.deepEqual(after.get(name), before.get(name), name);
    else assert.notDeepEqual(after.get(name), before.get(name), name);
  }
});

test("frozen stages have no gradients and no optimizer slots", () => {
  const { variables, bytes } = buildTrainingGraph(DROPPING, { ...TINY_TRAINING, frozenStages: FROZEN });
  const slots = variables.filter(({ name }) => /\/adam_[mv]$/.test(name)).map(({ name }) => name);
  assert.ok(slots.length > 0);
  assert.deepEqual(slots.filter(isFrozen), []);
  const text = Buffer.from(bytes).toString("latin1");
  assert.doesNotMatch(text, /gradients\/train\/block[1-3]_/);
  assert.match(text, /gradients\/train\/block4_/);
});

test("frozen batch normalization uses its moving statistics, not those of the batch", async () => {
  const network = { ...DROPPING, head: { ...DROPPING.head, dropout: 0 } };
  const losses: Record<string, number> = {};
  for (const frozenStages of [0, 5]) {
    const { session } = await bench.start(network, { frozenStages });
    await using _session = session;
    const evaluated = numbersOf((await session.run("eval_step", batch())).losses);
    losses.evaluation = evaluated.reduce((sum, loss) => sum + loss, 0) / BATCH;
    losses[`${frozenStages} frozen`] = numberOf((await session.run("train_step", batch())).loss);
  }
  const { evaluation = 0, "0 frozen": learning = 0, "5 frozen": frozen = 0 } = losses;
  assert.ok(Math.abs(frozen - evaluation) < 1e-5 * evaluation, `${frozen}, not ${evaluation}`);
  assert.ok(Math.abs(learning - evaluation) > 1e-2 * evaluation, "the statistics of this batch are others");
});

test("with five frozen stages only the head learns", async () => {
  const { session, graph } = await bench.start(DROPPING, { frozenStages: 5 });
  await using _session = session;
  const first = numberOf((await session.run("train_step", batch())).loss);
  for (let step = 0; step < 60; step++) await session.run("train_step", batch());
  const last = numberOf((await session.run("train_step", batch())).loss);
  assert.ok(last < first, `${first} became ${last}`);
  assert.deepEqual(
    graph.variables.filter(({ name }) => /^block.*adam_/.test(name)),
    [],
  );
});

for (const precision of ["FLOAT32", "MIXED_BFLOAT16", "MIXED_FLOAT16"] as const) {
  // At 1/64 of the width the third block gives 4 * 4 * 4 numbers; with an odd filter count the last pair is incomplete.
  for (const [title, network] of [
    ["", { ...DROPPING, precision }],
    [" of an odd number", { ...DROPPING, precision, widthMultiplier: 3 / 256, imageSizePixels: 40 }],
  ] as const) {
    test(`in ${precision} a step from features${title} equals a step from images, bit for bit`, async () => {
      const size = network.imageSizePixels;
      const fed = () => partOf(BATCH, 0, BATCH, network.classCount, size);
      const plain = await bench.start(network, { frozenStages: FROZEN });
      const cached = await bench.start(network, { frozenStages: FROZEN, cachedFeatures: true });
      await using imageSession = plain.session;
      await using featureSession = cached.session;
      const { images } = fed();
      const given = (await featureSession.run("features", { images })).features!;
      const copy = () => ({ ...given, data: Int32Array.from(given.data as Int32Array) });
      for (let step = 0; step < 3; step++) {
        const [expected, found] = [
          await imageSession.run("train_step", fed()),
          await featureSession.run("train_step", { features: copy(), labels: fed().labels }),
        ];
        assert.deepEqual(numbersOf(found.loss), numbersOf(expected.loss));
      }
      assert.equal((await bench.save(featureSession)).sha256, (await bench.save(imageSession)).sha256);
      const [expected, found] = [
        await imageSession.run("eval_step", fed()),
        await featureSession.run("eval_step", { features: copy(), labels: fed().labels }),
      ];
      assert.deepEqual(numbersOf(found.losses), numbersOf(expected.losses));
      assert.deepEqual(numbersOf(found.ranked), numbersOf(expected.ranked));
    });
  }
}

test("features cannot be cached with augmentation or without frozen stages", () => {
  const augmentation = { ...NO_AUGMENTATION, horizontalFlip: true };
  for (const change of [{ frozenStages: 2, augmentation }, { frozenStages: 0 }]) {
    assert.throws(() => buildTrainingGraph(DROPPING, { ...TINY_TRAINING, ...change, cachedFeatures: true }), {
      code: "TRAINING_INVALID",
      message: /Features can be cached of frozen stages/,
    });
  }
});

test("named variables take the values of another network, and the others start at random", async () => {
  const base = await bench.start({ ...DROPPING, seed: 77 });
  await using source = base.session;
  await source.run("train_step", batch());
  const { folder } = await bench.save(source);
  const importedVariables = base.graph.variables
    .map(({ name }) => name)
    .filter((name) => /^(block\d|fc1)/.test(name) && !/adam_/.test(name));

  const network = { ...DROPPING, classCount: 7 };
  const tuned = await bench.start(network, { importedVariables });
  await using session = tuned.session;
  const random = await bench.values(tuned);
  await session.run("import", { prefix: { dtype: "string", shape: [], data: [`${folder}/variables`] } });
  const [given, taken] = [await bench.values(base), await bench.values(tuned)];
  for (const [name, values] of taken) {
    assert.deepEqual(values, importedVariables.includes(name) ? given.get(name) : random.get(name), name);
  }
  assert.equal("import" in buildTrainingGraph(network, TINY_TRAINING).signatures, false);
});

test("the last layer takes the values of the classes that the other network has, in another order and with new ones", async () => {
  const base = await bench.start({ ...DROPPING, seed: 77 });
  await using source = base.session;
  const { folder } = await bench.save(source);
  const importedVariables = ["predictions/kernel", "predictions/bias"];
  const positions = [2, null, 0, 1, null];
  const network = { ...DROPPING, classCount: positions.length };
  const importedClasses = { sourceCount: DROPPING.classCount, positions };
  const tuned = await bench.start(network, { importedVariables, importedClasses });
  await using session = tuned.session;
  const random = await bench.values(tuned);
  await session.run("import", { prefix: { dtype: "string", shape: [], data: [`${folder}/variables`] } });
  const [given, taken] = [await bench.values(base), await bench.values(tuned)];
  for (const name of importedVariables) {
    const values = [...numbers(taken.get(name))];
    for (const [index, value] of values.entries()) {
      const [row, position] = [Math.floor(index / positions.length), positions[index % positions.length]];
      const expected =
        position === null
          ? numbers(random.get(name))[index]
          : numbers(given.get(name))[row * DROPPING.classCount + (position ?? 0)];
      assert.equal(value, expected, `${name}[${index}]`);
    }
  }
});

test("a run that starts again before its first checkpoint has the same initial weights", async () => {
  const base = await bench.start({ ...DROPPING, seed: 77 });
  await using source = base.session;
  const { folder } = await bench.save(source);
  const importedVariables = ["block1_conv1/kernel", "predictions/kernel", "predictions/bias"];
  const importedClasses = { sourceCount: DROPPING.classCount, positions: [1, null, 0] };
  const start = async (): Promise<ReadonlyMap<string, unknown>> => {
    const tuned = await bench.start({ ...DROPPING, classCount: 3 }, { importedVariables, importedClasses });
    await using session = tuned.session;
    await session.run("import", { prefix: { dtype: "string", shape: [], data: [`${folder}/variables`] } });
    return await bench.values(tuned);
  };
  assert.deepEqual(await start(), await start());
});

function numbers(values: ArrayLike<unknown> | undefined): readonly number[] {
  return Array.from(values ?? [], Number);
}

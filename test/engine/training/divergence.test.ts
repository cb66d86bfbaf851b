import assert from "node:assert/strict";
import { test } from "node:test";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import { follow, openTrainingWorld, runNow } from "./training-world.js";

const HUGE_STEPS = { optimizer: { sgd: { momentum: 0 } }, learningRate: { constant: { initial: 1e30 } } };

test("a run whose loss becomes NaN fails and reports the step and the learning rate", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny(HUGE_STEPS);
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason], ["FAILED", "DIVERGED"]);
  assert.match(
    run.endDetail ?? "",
    /became (NaN|Infinity) in epoch 1 at step 2, with a learning rate of 1e\+30/,
  );
  const { points } = await world.metrics.history(id, "train.loss", 10);
  assert.equal(points.length, 1);
  assert.ok(!Number.isFinite(points[0]!.value));
  assert.equal(points[0]!.step, 2);
  const losses = (await world.metrics.history(id, "batch.loss", 10)).points;
  assert.deepEqual(
    losses.map(({ step, value }) => [step, Number.isFinite(value)]),
    [
      [1, true],
      [2, false],
    ],
  );
  assert.deepEqual(await epochsOfRun(world.runs, id), []);
});

test("the checkpoints from before a run diverged are kept", async () => {
  await using world = await openTrainingWorld();
  // One step per epoch. After the first step, losses are huge but finite; the second step overflows.
  const learningRate = { constant: { initial: 5e9 } };
  const { id } = await world.launchTiny({ ...HUGE_STEPS, learningRate, batchSize: 50 });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason], ["FAILED", "DIVERGED"]);
  assert.match(run.endDetail ?? "", /validation loss became (NaN|Infinity) after epoch 2/);
  const epochs = await epochsOfRun(world.runs, id);
  assert.deepEqual(
    epochs.map(({ number, validationLoss }) => [number, Number.isFinite(validationLoss)]),
    [
      [1, true],
      [2, false],
    ],
  );
  const kept = (await world.runs.checkpoints([id])).get(id) ?? [];
  assert.deepEqual(
    kept.map(({ epoch, best }) => [epoch, best]),
    [[1, true]],
  );
  const summary = (await world.runs.summaries([id])).find(({ key }) => key === "validation.loss");
  assert.equal(summary?.bestEpoch, 1);
  assert.ok(!Number.isFinite(summary?.lastValue));
});

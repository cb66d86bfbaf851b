import assert from "node:assert/strict";
import { test } from "node:test";
import { AttemptReplaced } from "../../../../src/training/lifecycle/attempt.js";
import { MAX_FRUITLESS_ATTEMPTS } from "../../../../src/training/lifecycle/interruption-store.js";
import { epochsOfRun } from "../../../testkit/epochs-of-run.js";
import {
  finishEpoch,
  insertVersion,
  leaseOf,
  loseAll,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

async function states(training: Training, runId: string): Promise<unknown[]> {
  const { items } = await training.events.list(runId, { first: 200 });
  return items.flatMap(({ node }) => (node.kind === "RunStateChanged" ? [node.to] : []));
}

test("a run whose process died is queued again, ahead of runs that were launched later", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const run = await training.launch();
  await training.launch();
  await startNext(training);
  assert.deepEqual(await loseAll(training), [{ runId: run.id, attempt: 1 }]);
  assert.deepEqual(await states(training, run.id), [
    "QUEUED",
    "PREPARING",
    "RUNNING",
    "INTERRUPTED",
    "QUEUED",
  ]);
  const again = await training.queue.claim(leaseOf(), new Date());
  assert.deepEqual([again?.id, again?.attempt], [run.id, 2]);
});

test("a run whose process dies repeatedly without saving a checkpoint fails", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  for (let attempt = 1; attempt <= MAX_FRUITLESS_ATTEMPTS; attempt++) {
    await startNext(training);
    await loseAll(training);
  }
  const [run] = await training.runs.find([id]);
  assert.deepEqual([run?.state, run?.endReason, run?.attempt], ["FAILED", "ATTEMPTS_EXHAUSTED", 5]);
  assert.match(run?.endDetail ?? "", /5 times in a row/);
});

test("a run that saves a checkpoint from time to time may lose its process any number of times", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  for (let death = 1; death <= 3 * MAX_FRUITLESS_ATTEMPTS; death++) {
    const attempt = await startNext(training);
    if (death % (MAX_FRUITLESS_ATTEMPTS - 1) === 0) await finishEpoch(training, attempt, { number: death });
    await loseAll(training);
  }
  const [run] = await training.runs.find([id]);
  assert.deepEqual([run?.state, run?.attempt], ["QUEUED", 3 * MAX_FRUITLESS_ATTEMPTS + 1]);
});

test("an orderly stop does not count as a failed attempt", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  for (let stop = 1; stop <= 2 * MAX_FRUITLESS_ATTEMPTS; stop++) {
    const attempt = await startNext(training);
    const stopped = { detail: "stopped", countsAsFailure: false };
    await training.interruptions.interrupt(attempt, stopped, new Date());
  }
  const [run] = await training.runs.find([id]);
  assert.equal(run?.state, "QUEUED");
});

test("a run with a request to cancel is cancelled when its process dies", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  await startNext(training);
  await training.control.cancel(id);
  await loseAll(training);
  const [run] = await training.runs.find([id]);
  assert.deepEqual([run?.state, run?.endReason], ["CANCELLED", "CANCELLED"]);
});

test("a replaced trainer cannot change the run", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const old = await startNext(training);
  await loseAll(training);
  await startNext(training);
  const before = await training.runs.find([id]);
  const progress = {
    epoch: 1,
    epochs: 1,
    step: 1,
    stepsPerEpoch: 1,
    imagesPerSecond: 1,
    remainingSeconds: 1,
  };
  const replaced = { name: "AttemptReplaced" };
  await assert.rejects(finishEpoch(training, old, { number: 1 }), replaced);
  await assert.rejects(succeed(training, old), replaced);
  await assert.rejects(
    training.attempts.recordProgress(old, { progress, loss: 1, counter: 1, at: new Date() }),
    replaced,
  );
  await assert.rejects(
    training.interruptions.interrupt(old, { detail: "", countsAsFailure: true }, new Date()),
    AttemptReplaced,
  );
  assert.deepEqual(await training.runs.find([id]), before);
  assert.deepEqual(await epochsOfRun(training.runs, id), []);
});

test("continuing from epoch 2 deletes everything after it, including metrics and best values", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const first = await startNext(training);
  await finishEpoch(training, first, { number: 1, validationTop1: 0.7, validationLoss: 0.9 });
  await finishEpoch(training, first, { number: 2, validationTop1: 0.6, validationLoss: 0.8 }, false);
  const summariesThen = await training.runs.summaries([id]);
  await finishEpoch(training, first, { number: 3, validationTop1: 0.9, validationLoss: Number.NaN });
  await loseAll(training);

  const run = await training.queue.claim(leaseOf(), new Date());
  const attempt = { runId: id, attempt: run?.attempt ?? 0 };
  await training.attempts.start(
    attempt,
    { epoch: 2, step: 4, stepsPerEpoch: 2, warnings: [{ code: "RESUMED", message: "from epoch 2" }] },
    new Date(),
  );
  assert.deepEqual(
    (await epochsOfRun(training.runs, id)).map(({ number }) => number),
    [1, 2],
  );
  assert.deepEqual(await training.runs.summaries([id]), summariesThen);
  const { points } = await training.metrics.history(id, "validation.top1", 100);
  assert.deepEqual(
    points.map(({ step, value }) => [step, value]),
    [
      [2, 0.7],
      [4, 0.6],
    ],
  );
  await finishEpoch(training, attempt, { number: 3, validationTop1: 0.65 });
  await succeed(training, attempt);
});

test("the best and the last two checkpoints are kept, and the others are returned for removal", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  const removed = [];
  for (const [index, improved] of [true, false, false, true, false].entries()) {
    const { checkpoints } = await finishEpoch(training, attempt, { number: index + 1 }, improved);
    removed.push(checkpoints);
  }
  assert.deepEqual(removed, [[], [], [], ["epoch-1", "epoch-2"], ["epoch-3"]]);
  assert.deepEqual(
    (await training.runs.checkpoints([id])).get(id)?.map(({ epoch, best }) => [epoch, best]),
    [
      [4, true],
      [5, false],
    ],
  );
});

test("a checkpoint inside an epoch is listed before the one at its end", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  await finishEpoch(training, attempt, { number: 1 });
  const position = { steps: 1, lossSum: 1, top1: 0, top5: 0, learningRate: 0.1 };
  const inside = { epoch: 1, step: 1, position, sizeBytes: 10, sha256: "inside", folder: "step-1" };
  await training.attempts.saveCheckpoint({ runId: id, attempt: attempt.attempt }, inside, new Date());
  assert.deepEqual(
    (await training.runs.checkpoints([id])).get(id)?.map(({ step }) => step),
    [1, 2],
  );
});

test("an attempt that starts again from an earlier epoch deletes everything after it and keeps its number", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  for (const number of [1, 2, 3]) await finishEpoch(training, attempt, { number });
  const warnings = [{ code: "BATCH_HALVED", message: "4 at once did not fit." } as const];
  const from = { epoch: 1, step: 2, stepsPerEpoch: 2, warnings };
  await training.attempts.start({ runId: id, attempt: attempt.attempt }, from, new Date());

  const epochs = await epochsOfRun(training.runs, id);
  assert.deepEqual(
    epochs.map(({ number }) => number),
    [1],
  );
  const { points } = await training.metrics.history(id, "train.loss", 10);
  assert.deepEqual(
    points.map(({ step }) => step),
    [2],
  );
  const [run] = await training.runs.find([id]);
  assert.deepEqual([run?.state, run?.attempt], ["RUNNING", 1]);
  const { items } = await training.events.list(id, { first: 200 });
  assert.equal(items.at(-1)?.node.kind, "RunWarning");
  await finishEpoch(training, attempt, { number: 2 });
  await loseAll(training);
  await assert.rejects(
    training.attempts.start({ runId: id, attempt: attempt.attempt }, from, new Date()),
    AttemptReplaced,
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricValueAt } from "../../../../src/core/metrics/epoch-metrics.js";
import type { PageRequest } from "../../../../src/core/page.js";
import type { MetricSummaryRecord } from "../../../../src/training/record/run-records.js";
import { assertPages, walkForward } from "../../../testkit/api/page-walk.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { insertVersion, openTraining, type Training } from "../training-stores.js";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const STEPS_PER_EPOCH = 10;

/** A run that records batches as a trainer does, one transaction each. */
async function recordedRun(training: Training) {
  await insertVersion(training.database);
  const { id: runId } = await training.launch();
  const { database, metrics, runs } = training;
  return {
    runId,
    record: (epoch: number, values: readonly MetricValueAt[], at = new Date()): Promise<void> =>
      database.transaction(async (client) => {
        await rawSql(client, `select from run where id = $1 for update`, [runId]);
        await metrics.record(client, runId, epoch, values, at);
      }),
    goBackTo: (step: number): Promise<void> =>
      database.transaction((client) => metrics.dropAfter(client, runId, step, STEPS_PER_EPOCH)),
    summaries: (): Promise<readonly MetricSummaryRecord[]> => runs.summaries([runId]),
    values: async (key: string): Promise<(readonly [step: number, value: number])[]> =>
      (await metrics.history(runId, key, 10_000)).points.map(({ step, value }) => [step, value]),
  };
}

/** Values at the steps from `firstStep` on. */
function valuesFrom(firstStep: number, values: readonly number[], key = "batch.loss"): MetricValueAt[] {
  return values.map((value, index) => ({ key, step: firstStep + index, value }));
}

test("a batch holds many steps of many metrics, in any order", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  const values = [...valuesFrom(1, [5, 3, 4]), ...valuesFrom(1, [0.2, 0.6, 0.1], "batch.top1")];
  await run.record(
    1,
    [3, 0, 5, 2, 1, 4].map((index) => values[index]!),
  );
  assert.deepEqual(await run.values("batch.loss"), [
    [1, 5],
    [2, 3],
    [3, 4],
  ]);
  const { runId } = run;
  assert.deepEqual(await run.summaries(), [
    { runId, key: "batch.loss", lastValue: 4, bestValue: 3, bestEpoch: 1 },
    { runId, key: "batch.top1", lastValue: 0.1, bestValue: 0.6, bestEpoch: 1 },
  ]);
});

test("a repeated batch, or another value for a recorded step, changes nothing", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  const at = new Date("2026-01-01T00:00:00Z");
  await run.record(1, valuesFrom(1, [5, 3, 4]), at);
  await run.record(2, valuesFrom(11, [2, 6]), at);
  const [before, summaries] = [
    await training.metrics.history(run.runId, "batch.loss", 5),
    await run.summaries(),
  ];

  await run.record(1, valuesFrom(1, [5, 3, 4]));
  await run.record(2, valuesFrom(11, [2, 6]));
  await run.record(3, valuesFrom(11, [-1, 9]));
  assert.deepEqual(await training.metrics.history(run.runId, "batch.loss", 5), before);
  assert.deepEqual(await run.summaries(), summaries);
});

test("only the new points of a repeated batch are added", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(1, valuesFrom(1, [5, 3]));
  await run.record(1, valuesFrom(1, [0, 0, 4, 2]));
  assert.deepEqual(await run.values("batch.loss"), [
    [1, 5],
    [2, 3],
    [3, 4],
    [4, 2],
  ]);
  const [summary] = await run.summaries();
  assert.deepEqual([summary?.lastValue, summary?.bestValue], [2, 2]);
});

test("a step that is twice in one batch keeps the first value", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(1, [...valuesFrom(1, [5]), ...valuesFrom(1, [1])]);
  assert.deepEqual(await run.values("batch.loss"), [[1, 5]]);
  assert.equal((await run.summaries())[0]?.bestValue, 5);
});

test("a batch of earlier steps that arrives late can set the best value, but not the last", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(3, valuesFrom(21, [4, 2]));
  await run.record(1, valuesFrom(1, [9, 2, 7]));
  const [summary] = await run.summaries();
  assert.deepEqual(summary, {
    runId: run.runId,
    key: "batch.loss",
    lastValue: 2,
    bestValue: 2,
    bestEpoch: 1,
  });
  await run.record(2, valuesFrom(11, [1]));
  assert.equal((await run.summaries())[0]?.bestEpoch, 2);
});

test("NaN, infinities and extreme values are read back bit for bit, and only finite values can be best", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  const odd = [nan, infinity, -infinity, Number.MIN_VALUE, Number.MAX_VALUE, 0.1 + 0.2];
  await run.record(1, valuesFrom(1, [nan, infinity, -infinity]));
  const [unmeasured] = await run.summaries();
  assert.deepEqual(unmeasured, {
    runId: run.runId,
    key: "batch.loss",
    lastValue: -infinity,
    bestValue: null,
    bestEpoch: null,
  });
  await run.record(2, valuesFrom(4, odd.slice(3)));
  assert.deepEqual(
    (await run.values("batch.loss")).map(([, value]) => bits(value)),
    odd.map(bits),
  );
  await run.record(3, valuesFrom(21, [nan]));
  const [summary] = await run.summaries();
  assert.deepEqual([summary?.lastValue, summary?.bestValue, summary?.bestEpoch], [nan, Number.MIN_VALUE, 2]);
});

test("going back deletes later points and recomputes the last and best values; later batches are recorded again", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(1, valuesFrom(1, [5, 3, nan, 4]));
  await run.record(2, valuesFrom(11, [1, 0.5]));
  await run.record(2, valuesFrom(12, [0.75], "batch.top1"));
  await run.goBackTo(4);
  const { runId } = run;
  assert.deepEqual(await run.summaries(), [
    { runId, key: "batch.loss", lastValue: 4, bestValue: 3, bestEpoch: 1 },
  ]);
  await run.record(2, valuesFrom(11, [2]));
  assert.deepEqual(await run.values("batch.loss"), [
    [1, 5],
    [2, 3],
    [3, nan],
    [4, 4],
    [11, 2],
  ]);
  assert.deepEqual(await run.summaries(), [
    { runId, key: "batch.loss", lastValue: 2, bestValue: 2, bestEpoch: 2 },
  ]);
});

test("going back to a step after all points changes nothing, and going back to the beginning deletes all", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(1, valuesFrom(1, [5, 3, 4]));
  const before = await run.summaries();
  await run.goBackTo(3);
  assert.deepEqual(await run.summaries(), before);
  await run.goBackTo(0);
  assert.deepEqual([await run.summaries(), await run.values("batch.loss")], [[], []]);
});

test("pages of points neither skip nor repeat a point while more arrive", async () => {
  await using training = await openTraining();
  const run = await recordedRun(training);
  await run.record(1, valuesFrom(1, [1, 2, 3, 4, 5]));
  const read = (page: PageRequest) => training.metrics.points(run.runId, "batch.loss", page);
  let page = 0;
  const seen = await walkForward(read, 2, async () => {
    page++;
    if (page < 4) await run.record(page, valuesFrom(page * 10, [page * 10]));
  });
  assert.deepEqual(
    seen.map(({ value }) => value),
    [1, 2, 3, 4, 5, 10, 20, 30],
  );
  await assertPages(read, seen);
  await assert.rejects(training.metrics.points(run.runId, "batch.loss", { first: 2, after: "x" }), {
    code: "CURSOR_INVALID",
  });
});

function bits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

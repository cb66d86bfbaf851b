import assert from "node:assert/strict";
import { test } from "node:test";
import { EPOCH_METRICS } from "../../../../src/core/metrics/epoch-metrics.js";
import { epochsOfRun } from "../../../testkit/epochs-of-run.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { finishEpoch, insertVersion, openTraining, startNext, type Training } from "../training-stores.js";

async function trained(training: Training, losses: readonly number[]): Promise<string> {
  await insertVersion(training.database);
  await training.launch();
  const attempt = await startNext(training);
  for (const [index, validationLoss] of losses.entries()) {
    await finishEpoch(training, attempt, { number: index + 1, validationLoss });
  }
  return attempt.runId;
}

test("metrics keep NaN and infinite values, and their best value is finite", async () => {
  await using training = await openTraining();
  const losses = [0.9, Number.POSITIVE_INFINITY, 0.4, Number.NEGATIVE_INFINITY, 0.4, Number.NaN];
  const runId = await trained(training, losses);
  const { points, thinned } = await training.metrics.history(runId, "validation.loss", 100);
  assert.deepEqual(
    points.map(({ value }) => value),
    losses,
  );
  assert.deepEqual(
    points.map(({ step }) => step),
    [2, 4, 6, 8, 10, 12],
  );
  assert.equal(thinned, false);
  const summary = (await training.runs.summaries([runId])).find(({ key }) => key === "validation.loss");
  assert.deepEqual(summary, {
    runId,
    key: "validation.loss",
    lastValue: Number.NaN,
    bestValue: 0.4,
    bestEpoch: 3,
  });
  const epochs = await epochsOfRun(training.runs, runId, { first: 2, after: 1 });
  assert.deepEqual(
    epochs.map(({ number, validationLoss }) => [number, validationLoss]),
    [
      [2, Number.POSITIVE_INFINITY],
      [3, 0.4],
    ],
  );
});

test("a metric without finite values has no best value", async () => {
  await using training = await openTraining();
  const runId = await trained(training, [Number.NaN]);
  const summary = (await training.runs.summaries([runId])).find(({ key }) => key === "validation.loss");
  assert.deepEqual([summary?.bestValue, summary?.bestEpoch], [null, null]);
});

test("every metric of an epoch is recorded", async () => {
  await using training = await openTraining();
  const runId = await trained(training, [1]);
  assert.deepEqual(
    (await training.runs.summaries([runId])).map(({ key }) => key),
    Object.values(EPOCH_METRICS)
      .map(({ key }) => key)
      .sort(),
  );
});

test("a thinned history keeps the first, the last, the peak, the dip and the divergence", async () => {
  await using training = await openTraining();
  const runId = await trained(training, [1]);
  await rawSql(
    training.database,
    `with series as (
       insert into metric_series (run_id, key, last_step, last_value) values ($1, 'loss', 10000, sin(10000)) returning id
     )
     insert into metric_point (series_id, step, value, at)
     select id, step, case step when 3333 then -7 when 3334 then 9 when 5555 then 'NaN' else sin(step) end, now()
     from series, generate_series(1, 10000) step`,
    [runId],
  );
  const { points, totalPoints, thinned } = await training.metrics.history(runId, "loss", 100);
  assert.deepEqual([totalPoints, thinned], [10_000, true]);
  assert.ok(points.length <= 100 && points.length > 60, `${points.length} points`);
  const kept = new Map(points.map(({ step, value }) => [step, value]));
  assert.ok(kept.has(1) && kept.has(10_000));
  assert.deepEqual([kept.get(3333), kept.get(3334), kept.get(5555)], [-7, 9, Number.NaN]);
  assert.deepEqual(
    points.map(({ step }) => step),
    points.map(({ step }) => step).toSorted((a, b) => a - b),
  );
});

test("a history of a metric that was never recorded is empty", async () => {
  await using training = await openTraining();
  const runId = await trained(training, []);
  assert.deepEqual(await training.metrics.history(runId, "nothing", 5), {
    points: [],
    totalPoints: 0,
    thinned: false,
  });
  await assert.rejects(training.metrics.history(runId, "nothing", 4), { code: "MAX_POINTS_INVALID" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EpochRecord } from "../../../../src/core/runs/events.js";
import { epochRecord } from "../../../pure/training/epoch-record.js";
import { epochsOfRun } from "../../../testkit/epochs-of-run.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import {
  finishEpoch,
  insertVersion,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

/** Runs with these numbers of epochs. */
async function trainedRuns(training: Training, epochCounts: readonly number[]): Promise<readonly string[]> {
  await insertVersion(training.database);
  const ids: string[] = [];
  for (const [run, epochs] of epochCounts.entries()) {
    await training.launch();
    const attempt = await startNext(training);
    for (let number = 1; number <= epochs; number++) {
      await finishEpoch(training, attempt, expected(run, number));
    }
    await succeed(training, attempt);
    ids.push(attempt.runId);
  }
  return ids;
}

function expected(run: number, number: number): EpochRecord {
  return epochRecord({ number, trainLoss: run + 1 / number, validationLoss: Number.NaN, seconds: number });
}

test("epochs of several runs are read back as they were recorded", async () => {
  await using training = await openTraining();
  const [first = "", second = "", none = ""] = await trainedRuns(training, [3, 1, 0]);
  assert.deepEqual(
    await training.runs.epochsOf([second, none, first, "run_unknown"]),
    new Map([
      [first, [1, 2, 3].map((number) => expected(0, number))],
      [second, [expected(1, 1)]],
    ]),
  );
});

test("a page of epochs starts after a number and ends at its size, in each run", async () => {
  await using training = await openTraining();
  const [long = "", short = ""] = await trainedRuns(training, [5, 2]);
  const pages = await training.runs.epochsOf([long, short], { first: 2, after: 1 });
  assert.deepEqual(pages.get(long), [expected(0, 2), expected(0, 3)]);
  assert.deepEqual(pages.get(short), [expected(1, 2)]);
  assert.deepEqual(await training.runs.epochsOf([long, short], { first: 2, after: 5 }), new Map());
});

test("a metric that is newer than a stored epoch is NaN", async () => {
  await using training = await openTraining();
  const [id = ""] = await trainedRuns(training, [1]);
  await rawSql(
    training.database,
    `update epoch set metrics = metrics - 'trainTop5' || '{"later": 1}' where run_id = $1`,
    [id],
  );
  assert.deepEqual(await epochsOfRun(training.runs, id), [{ ...expected(0, 1), trainTop5: Number.NaN }]);
});

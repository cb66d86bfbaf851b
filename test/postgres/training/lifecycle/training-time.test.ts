import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRecord } from "../../../../src/training/record/run-records.js";
import { trainingSeconds } from "../../../../src/training/record/training-time.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import {
  insertVersion,
  leaseOf,
  loseAll,
  openTraining,
  startNext,
  type Training,
} from "../training-stores.js";

async function runNow({ runs }: Training, id: string): Promise<RunRecord> {
  const [run] = await runs.find([id]);
  assert.ok(run);
  return run;
}

/** As an answer of the API shows it, now or so many seconds after the last report. */
async function shown(training: Training, id: string, secondsLater = 0): Promise<number | null> {
  const run = await runNow(training, id);
  const { trainingSecondsAt: at } = run;
  return trainingSeconds(run, at === null ? new Date() : new Date(at.getTime() + secondsLater * 1000));
}

const SUCCEEDED = { from: "RUNNING", to: "SUCCEEDED", reason: "COMPLETED", detail: null } as const;

test("the time of a run is counted while trainers work on it, and not while it waits, is paused or has ended", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  assert.equal(await shown(training, id), null);

  const lease = leaseOf();
  const first = await startNext(training, lease);
  assert.equal(first.run.trainingSeconds, 0);
  assert.equal(await shown(training, id, 4), 4);
  await training.queue.renew(first, lease, 10);
  assert.equal(await shown(training, id), 10);
  assert.equal(await shown(training, id, 2.5), 12.5);
  await training.attempts.end(
    first,
    { from: "RUNNING", to: "PAUSED", reason: null, detail: null, trainingSeconds: 13 },
    new Date(),
  );
  assert.equal(await shown(training, id), 13);

  await training.control.resume(id);
  assert.equal(await shown(training, id), 13);
  const second = await startNext(training, lease);
  assert.equal(second.run.trainingSeconds, 13);
  assert.equal(await shown(training, id, 2), 15);
  await training.attempts.end(second, { ...SUCCEEDED, trainingSeconds: 20 }, new Date());
  assert.equal(await shown(training, id), 20);

  await training.control.extend(id, 5);
  await rawSql(training.database, `update run set started_at = started_at - interval '1 day' where id = $1`, [
    id,
  ]);
  const third = await startNext(training, lease);
  assert.equal(third.run.trainingSeconds, 20);
  await training.attempts.end(third, { ...SUCCEEDED, trainingSeconds: 25 }, new Date());
  assert.equal(await shown(training, id), 25);
});

test("progress reports the time, so that a killed trainer loses at most the time since its last step", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  const progress = {
    epoch: 1,
    epochs: 3,
    step: 1,
    stepsPerEpoch: 2,
    imagesPerSecond: null,
    remainingSeconds: null,
  };
  const report = { progress, loss: 1, counter: 1, at: new Date() };
  await training.attempts.recordProgress(attempt, { ...report, trainingSeconds: 7.25 });
  assert.equal(await shown(training, id), 7.25);
  await loseAll(training);
  const run = await runNow(training, id);
  assert.deepEqual([run.state, run.trainingSeconds, run.trainingSecondsAt], ["QUEUED", 7.25, null]);
  assert.equal(await shown(training, id), 7.25);

  const next = await startNext(training);
  const stopped = { detail: "The server was stopped.", countsAsFailure: false, trainingSeconds: 9 };
  await training.interruptions.interrupt(next, stopped, new Date());
  assert.equal(await shown(training, id), 9);
});

test("no time is added after the lease of a trainer, which counts as dead then", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const lease = leaseOf();
  const attempt = await startNext(training, lease);
  await training.queue.renew(attempt, lease, 100);
  assert.equal(await shown(training, id, 24 * 3600), 100 + lease.seconds);
});

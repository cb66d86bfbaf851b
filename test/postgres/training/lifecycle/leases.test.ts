import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../../src/core/app-error.js";
import type { RunEnvironment } from "../../../../src/core/runs/environment.js";
import { becomeReadOnly } from "../../../testkit/postgres/read-only.js";
import {
  insertVersion,
  leaseOf,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

const NOBODY_DIED = (): boolean => false;
const ENVIRONMENT: RunEnvironment = {
  product: "espalier test",
  tensorflowVersion: "2",
  nodeVersion: "24",
  processor: "some",
  device: "CPU",
  threads: 2,
  customOps: [],
  eigenKernelGradients: null,
  precision: "FLOAT32",
  precisionMeasurements: [],
  partSize: 12,
};

/** Leases count from the server's start at the earliest; with 0 seconds an expired lease is found at once. */
async function findLost(training: Training, leaseSeconds = 0): Promise<readonly string[]> {
  const lost = await training.interruptions.interruptLost(NOBODY_DIED, leaseSeconds, null, new Date());
  return lost.map(({ runId }) => runId);
}

async function warnings(training: Training, runId: string): Promise<readonly string[]> {
  const { items } = await training.events.list(runId, { first: 200, after: null });
  return items.flatMap(({ node }) => (node.kind === "RunWarning" ? [node.code] : []));
}

test("two workers on two devices take one run each, and a worker on a device in use takes none", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  for (let count = 0; count < 3; count++) await training.launch();
  const first = await startNext(training, leaseOf("gpu 0"));
  assert.equal(await training.queue.claim(leaseOf("gpu 0"), new Date()), null);
  await startNext(training, leaseOf("gpu 1"));
  assert.equal(await training.queue.claim(leaseOf("gpu 1"), new Date()), null);
  await succeed(training, first);
  assert.notEqual(await training.queue.claim(leaseOf("gpu 0"), new Date()), null);
});

test("runs start by priority, and runs of equal priority in the order of their launch", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const names: string[] = [];
  for (const [name, priority] of [
    ["a", 0],
    ["b", 5],
    ["c", 5],
    ["d", -1],
  ] as const) {
    await training.launch({ name, priority });
  }
  for (let count = 0; count < 4; count++) names.push((await startNext(training)).run.name);
  assert.deepEqual(names, ["b", "c", "a", "d"]);
});

test("the active runs of an experiment do not exceed its limit, and runs of other experiments pass its waiting ones", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await training.experiments.create({
    name: "small",
    description: "",
    maxActiveRuns: 1,
    idempotencyKey: null,
  });
  for (const name of ["one", "two"]) await training.launch({ experiment: "small", name });
  await training.launch({ experiment: "large", name: "three" });
  const first = await startNext(training);
  assert.deepEqual([first.run.name, (await startNext(training)).run.name], ["one", "three"]);
  assert.equal(await training.queue.claim(leaseOf(), new Date()), null);
  await succeed(training, first);
  assert.equal((await startNext(training)).run.name, "two");
});

test("when many workers claim at once, each run is claimed once", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  for (let count = 0; count < 5; count++) await training.launch();
  const claims = await Promise.all(
    Array.from({ length: 12 }, () => training.queue.claim(leaseOf(), new Date())),
  );
  const taken = claims.flatMap((run) => (run === null ? [] : [run.id]));
  assert.deepEqual([taken.length, new Set(taken).size], [5, 5]);
});

test("a worker that renews its lease keeps its run, and a worker that does not loses it", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const lease = { ...leaseOf("here"), seconds: -1 };
  const attempt = await startNext(training, lease);
  await training.queue.renew(attempt, { ...lease, seconds: 600 });
  assert.deepEqual(await findLost(training), []);
  await training.queue.renew(attempt, lease);
  assert.deepEqual(await findLost(training), [id]);
  await assert.rejects(training.queue.renew(attempt, lease), { name: "AttemptReplaced" });
  assert.notEqual(await training.queue.claim(leaseOf("here"), new Date()), null, "the device is free again");
});

test("runs keep their workers for a lease period after the database was unavailable", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await training.launch();
  await startNext(training, { ...leaseOf(), seconds: -1 });
  // As if the server had started less than a lease ago.
  assert.deepEqual(await findLost(training, 10 ** 9), []);
});

test("the run of a worker that is known to be dead is interrupted before its lease expires", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const { workerId } = leaseOf("here");
  await startNext(training, leaseOf("here"));
  const lost = await training.interruptions.interruptLost(
    (worker) => worker === workerId,
    600,
    null,
    new Date(),
  );
  assert.deepEqual(
    lost.map(({ runId }) => runId),
    [id],
  );
});

test("a run with a request to pause is paused when its worker dies", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const lease = { ...leaseOf(), seconds: -1 };
  const attempt = await startNext(training, lease);
  await training.control.pause(id);
  assert.equal(await training.queue.renew(attempt, lease), "PAUSE");
  await findLost(training);
  assert.equal((await training.runs.find([id]))[0]?.state, "PAUSED");
});

test("a run whose process crashed in its first step continues with halved micro-batches and a warning", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const lease = { ...leaseOf("here"), workerId: "here/4711/x" };
  const crash = async (): Promise<void> => {
    const died = (worker: string): boolean => worker === lease.workerId;
    await training.interruptions.interruptLost(died, 600, { pid: 4711, signal: "SIGSEGV" }, new Date());
  };
  const partSize = async () => (await training.runs.find([id]))[0]?.environment?.partSize;
  for (const expected of [6, 3, 2, 1]) {
    const attempt = await startNext(training, lease);
    if (expected === 6) await training.attempts.recordEnvironment(attempt, ENVIRONMENT);
    await crash();
    assert.equal(await partSize(), expected);
  }
  assert.deepEqual(await warnings(training, id), Array(4).fill("BATCH_HALVED"));
  const { items } = await training.events.list(id, { first: 200 });
  const messages = items.flatMap(({ node }) => (node.kind === "RunWarning" ? [node.message] : []));
  for (const message of messages) assert.match(message, /changes the statistics of batch normalization/);

  await training.attempts.recordEnvironment(await startNext(training, lease), {
    ...ENVIRONMENT,
    partSize: 8,
  });
  await crash();
  assert.equal(await partSize(), 4);
  // Memory was enough for a step, so the crash must have had another reason.
  const attempt = await startNext(training, lease);
  const progress = {
    epoch: 1,
    epochs: 1,
    step: 1,
    stepsPerEpoch: 1,
    imagesPerSecond: 1,
    remainingSeconds: 1,
  };
  await training.attempts.recordProgress(attempt, { progress, loss: 1, counter: 1, at: new Date() });
  await crash();
  assert.equal(await partSize(), 4);
  assert.equal((await training.runs.find([id]))[0]?.state, "QUEUED");
});

test("a run whose process was killed in its first step keeps its micro-batches", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training, { ...leaseOf(), seconds: -1 });
  await training.attempts.recordEnvironment(attempt, ENVIRONMENT);
  await findLost(training);
  assert.equal((await training.runs.find([id]))[0]?.environment?.partSize, 12);
  assert.deepEqual(await warnings(training, id), []);
});

test("no run is taken from its worker while the database accepts no renewals, nor where leases do not count", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await training.launch();
  await startNext(training, { ...leaseOf(), seconds: -60 });
  await becomeReadOnly(training.database.url, true);
  await assert.rejects(findLost(training), (error) => hasCode(error, "DATABASE_READ_ONLY"));
  await becomeReadOnly(training.database.url, false);
  const { interruptions } = training;
  assert.deepEqual(await interruptions.interruptLost(NOBODY_DIED, null, null, new Date()), []);
  assert.equal((await findLost(training)).length, 1);
});

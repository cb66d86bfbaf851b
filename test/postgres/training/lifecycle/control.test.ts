import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEndReason, RunState } from "../../../../src/core/enumerations.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import {
  finishEpoch,
  insertVersion,
  leaseOf,
  openTraining,
  startNext,
  type Training,
} from "../training-stores.js";

async function openWithData(): Promise<Training & AsyncDisposable> {
  const training = await openTraining();
  await insertVersion(training.database);
  return training;
}

async function stateOf({ runs }: Training, runId: string): Promise<RunState | undefined> {
  const [run] = await runs.find([runId]);
  return run?.state;
}

/** The columns that depend on the state. */
function rowOf({ database }: Training, runId: string) {
  return database.prisma.run.findUniqueOrThrow({
    where: { id: runId },
    select: {
      device: true,
      workerId: true,
      leaseExpiresAt: true,
      stopRequested: true,
      waitsForDisk: true,
      fruitlessAttempts: true,
      endReason: true,
      endDetail: true,
      endedAt: true,
    },
  });
}

const UNTOUCHED = {
  device: null,
  workerId: null,
  leaseExpiresAt: null,
  stopRequested: null,
  waitsForDisk: false,
  fruitlessAttempts: 0,
  endReason: null,
  endDetail: null,
  endedAt: null,
};

/** Launches a run, trains some of its three epochs and ends it. */
async function ended(
  training: Training,
  to: "SUCCEEDED" | "FAILED" | "CANCELLED",
  { reason, epochs = 3 }: { readonly reason: RunEndReason; readonly epochs?: number },
): Promise<string> {
  const { id } = await training.launch();
  const attempt = await startNext(training);
  for (let number = 1; number <= epochs; number++) await finishEpoch(training, attempt, { number });
  const { runId } = attempt;
  const end = { from: "RUNNING", to, reason, detail: "the end" } as const;
  await training.attempts.end({ runId, attempt: attempt.attempt }, end, new Date());
  return id;
}

test("a paused run leaves the queue at once, and resuming puts it back in its place", async () => {
  await using training = await openWithData();
  const [a, b] = [await training.launch(), await training.launch()];
  assert.equal((await training.control.pause(a.id)).state, "PAUSED");
  assert.deepEqual(await training.runs.queuePosition([a.id, b.id]), new Map([[b.id, 1]]));
  const resumed = await training.control.resume(a.id);
  assert.deepEqual([resumed.state, resumed.attempt], ["QUEUED", 2]);
  assert.deepEqual((await training.runs.queuePosition([a.id])).get(a.id), 1);
});

test("a running run is asked to pause, and its trainer is notified", { timeout: 60_000 }, async () => {
  await using training = await openWithData();
  const { id } = await training.launch();
  const { runId, attempt } = await startNext(training);
  const rung = new Promise<void>((resolve) => training.queue.onStopRequest(id, resolve));
  assert.equal((await training.control.pause(id)).state, "RUNNING");
  await rung;
  assert.equal(await training.queue.renew({ runId, attempt }, leaseOf()), "PAUSE");

  const pause = { from: "RUNNING", to: "PAUSED", reason: null, detail: null } as const;
  await training.attempts.end({ runId, attempt }, pause, new Date());
  assert.deepEqual(await rowOf(training, id), { ...UNTOUCHED, fruitlessAttempts: 1 });
  await training.control.resume(id);
  assert.equal((await training.queue.claim(leaseOf(), new Date()))?.attempt, 2);
  await assert.rejects(finishEpoch(training, { runId, attempt }, { number: 1 }), { name: "AttemptReplaced" });
});

test("cancelling replaces an earlier request to pause, and pausing does not replace a request to cancel", async () => {
  await using training = await openWithData();
  const { id } = await training.launch();
  const attempt = await startNext(training);
  await training.control.pause(id);
  await training.control.cancel(id);
  await assert.rejects(training.control.pause(id), { code: "RUN_STATE_INVALID", message: /being cancelled/ });
  assert.equal(await training.queue.renew(attempt, leaseOf()), "CANCEL");
});

test("a paused run is cancelled at once", async () => {
  await using training = await openWithData();
  const { id } = await training.launch();
  await training.control.pause(id);
  const run = await training.control.cancel(id);
  assert.deepEqual([run.state, run.endReason], ["CANCELLED", "CANCELLED"]);
});

test("a run that waits for the disk stops waiting when it is resumed by hand", async () => {
  await using training = await openWithData();
  const { id } = await training.launch();
  await training.control.pause(id);
  await rawSql(training.database, "update run set waits_for_disk = true where id = $1", [id]);
  await training.control.resume(id);
  assert.equal((await rowOf(training, id)).waitsForDisk, false);
});

test("a failed or cancelled run that is retried goes to the end of the queue, with as many attempts as a new run", async () => {
  await using training = await openWithData();
  for (const [state, reason] of [
    ["FAILED", "ATTEMPTS_EXHAUSTED"],
    ["CANCELLED", "CANCELLED"],
  ] as const) {
    const id = await ended(training, state, { reason, epochs: 1 });
    await rawSql(training.database, "update run set fruitless_attempts = 5 where id = $1", [id]);
    const waiting = await training.launch();
    const again = await training.control.retry(id);
    assert.deepEqual([again.state, again.attempt, again.endReason], ["QUEUED", 2, null]);
    assert.deepEqual(await rowOf(training, id), UNTOUCHED);
    assert.equal((await training.queue.claim(leaseOf(), new Date()))?.id, waiting.id);
    assert.equal((await training.queue.claim(leaseOf(), new Date()))?.id, id);
    assert.equal((await training.runs.checkpoints([id])).get(id)?.length, 1);
  }
});

test("a run that succeeded is extended to a larger number of epochs, and its configuration records it", async () => {
  await using training = await openWithData();
  const id = await ended(training, "SUCCEEDED", { reason: "COMPLETED" });
  for (const epochs of [3, 0, 3.5, 10_001]) {
    await assert.rejects(training.control.extend(id, epochs), {
      code: "CONFIGURATION_INVALID",
      path: ["epochs"],
      message: /from 4 to 10000/,
    });
  }
  const { configuration: before } = (await training.runs.find([id]))[0]!;
  const run = await training.control.extend(id, 5);
  assert.deepEqual([run.state, run.attempt, run.endedAt], ["QUEUED", 2, null]);
  assert.deepEqual(run.configuration, { ...before, epochs: 5, extendedAfterEpochs: [3] });

  const attempt = await training.queue.claim(leaseOf(), new Date());
  const from = { epoch: 3, step: 6, stepsPerEpoch: 2, warnings: [] };
  await training.attempts.start({ runId: id, attempt: attempt?.attempt ?? 0 }, from, new Date());
  for (const number of [4, 5]) await finishEpoch(training, { runId: id, attempt: 2 }, { number });
  const end = { from: "RUNNING", to: "SUCCEEDED", reason: "COMPLETED", detail: null } as const;
  await training.attempts.end({ runId: id, attempt: 2 }, end, new Date());
  const twice = await training.control.extend(id, 6);
  assert.deepEqual(twice.configuration.extendedAfterEpochs, [3, 5]);
});

test("a run that stopped early can be extended to its original number of epochs, but not to fewer", async () => {
  await using training = await openWithData();
  const id = await ended(training, "SUCCEEDED", { reason: "EARLY_STOPPED", epochs: 1 });
  await assert.rejects(training.control.extend(id, 2), {
    message: /from 3 to 10000: the run .* trained 1 of 3/,
  });
  const { configuration } = await training.control.extend(id, 3);
  assert.deepEqual([configuration.epochs, configuration.extendedAfterEpochs], [3, [1]]);
});

test("the events of a run contain every action on it, without gaps", async () => {
  await using training = await openWithData();
  const id = await ended(training, "SUCCEEDED", { reason: "COMPLETED", epochs: 0 });
  await training.control.extend(id, 4);
  await training.control.pause(id);
  await training.control.resume(id);
  await training.control.cancel(id);
  await training.control.retry(id);
  const { items } = await training.events.list(id, { first: 50, after: null });
  assert.deepEqual(
    items.flatMap(({ node }) => (node.kind === "RunStateChanged" ? [node.to] : [])),
    [
      ...["QUEUED", "PREPARING", "RUNNING", "SUCCEEDED"],
      ...["QUEUED", "PAUSED", "QUEUED", "CANCELLED", "QUEUED"],
    ],
  );
  assert.deepEqual(
    items.map(({ node }) => node.sequence),
    items.map((_item, index) => index + 1),
  );
  const { node: extended } = items[4]!;
  assert.match(extended.kind === "RunStateChanged" ? (extended.detail ?? "") : "", /to 4 epochs/);
});

test("an action in the wrong state is refused, and the error names the right states", async (t) => {
  await using training = await openWithData();
  const succeeded = await ended(training, "SUCCEEDED", { reason: "COMPLETED" });
  const failed = await ended(training, "FAILED", { reason: "DIVERGED" });
  const paused = (await training.launch()).id;
  await training.control.pause(paused);
  const queued = (await training.launch()).id;
  const { control } = training;
  const refused: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
    [
      "pausing a run that succeeded",
      () => control.pause(succeeded),
      /QUEUED, PREPARING, RUNNING, or INTERRUPTED.* is SUCCEEDED/,
    ],
    ["pausing a paused run", () => control.pause(paused), /is PAUSED/],
    ["resuming a queued run", () => control.resume(queued), /is PAUSED can be resumed.* is QUEUED/],
    ["resuming a failed run", () => control.resume(failed), /is FAILED\. Retry/],
    [
      "retrying a run that succeeded",
      () => control.retry(succeeded),
      /FAILED or CANCELLED can be retried.* is SUCCEEDED/,
    ],
    ["retrying a paused run", () => control.retry(paused), /is PAUSED\. Resume/],
    ["extending a failed run", () => control.extend(failed, 10), /is SUCCEEDED can be extended.* is FAILED/],
    ["extending a queued run", () => control.extend(queued, 10), /is QUEUED/],
  ];
  for (const [what, ask, message] of refused) {
    await t.test(what, () => assert.rejects(ask(), { code: "RUN_STATE_INVALID", path: ["runId"], message }));
  }
  await assert.rejects(control.cancel(succeeded), { code: "RUN_ALREADY_ENDED", path: ["runId"] });
  const nobody = "run_00000000000000000000000000";
  for (const ask of [control.cancel, control.pause, control.resume, control.retry]) {
    await assert.rejects(ask.call(control, nobody), { code: "RUN_NOT_FOUND", path: ["runId"] });
  }
  await assert.rejects(control.extend(nobody, 9), { code: "RUN_NOT_FOUND", path: ["runId"] });
  assert.deepEqual(
    await Promise.all([succeeded, failed, paused, queued].map((id) => stateOf(training, id))),
    ["SUCCEEDED", "FAILED", "PAUSED", "QUEUED"],
  );
});

test("exactly one of several concurrent requests to resume a run succeeds", async () => {
  await using training = await openWithData();
  const { id } = await training.launch();
  await training.control.pause(id);
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => training.control.resume(id)));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  const [run] = await training.runs.find([id]);
  assert.equal(run?.attempt, 2);
});

test("runs with a higher priority start first, and queue positions show it", async () => {
  await using training = await openWithData();
  const low = await training.launch({ priority: -1 });
  const usual = await training.launch();
  const high = await training.launch({ priority: 1000 });
  const later = await training.launch();
  assert.equal(high.priority, 1000);
  assert.deepEqual(
    await training.runs.queuePosition([low.id, usual.id, high.id, later.id]),
    new Map([
      [high.id, 1],
      [usual.id, 2],
      [later.id, 3],
      [low.id, 4],
    ]),
  );
  const order = [];
  for (let taken = 0; taken < 4; taken++) order.push((await training.queue.claim(leaseOf(), new Date()))?.id);
  assert.deepEqual(order, [high.id, usual.id, later.id, low.id]);
});

test("a priority out of range is refused", async () => {
  await using training = await openWithData();
  for (const priority of [1001, -1001, 0.5]) {
    await assert.rejects(training.launch({ priority }), { code: "PRIORITY_INVALID", path: ["priority"] });
  }
});

test("an experiment has at most as many active runs as its limit, and runs of other experiments pass its waiting ones", {
  timeout: 60_000,
}, async () => {
  await using training = await openWithData();
  const { experiments, queue } = training;
  const limited = { name: "trees", description: "", idempotencyKey: null };
  const made = await experiments.create({ ...limited, maxActiveRuns: 1 });
  assert.equal(made.maxActiveRuns, 1);
  const [first, second] = [await training.launch(), await training.launch()];
  const other = await training.launch({ experiment: "other" });
  assert.equal((await queue.claim(leaseOf(), new Date()))?.id, first.id);
  assert.equal((await queue.claim(leaseOf(), new Date()))?.id, other.id);
  assert.equal(await queue.claim(leaseOf(), new Date()), null);

  const rung = new Promise<void>((resolve) => queue.onChange(resolve));
  const changed = await experiments.update("trees", { maxActiveRuns: null });
  assert.deepEqual(changed, { ...made, maxActiveRuns: null });
  await rung;
  assert.equal((await queue.claim(leaseOf(), new Date()))?.id, second.id);
});

test("fields of an experiment that an update leaves out keep their values", async () => {
  await using training = await openWithData();
  const { experiments } = training;
  const input = { name: "trees", description: "oaks", maxActiveRuns: 2, idempotencyKey: "key" };
  const made = await experiments.create(input);
  assert.deepEqual(await experiments.create(input), made);
  await assert.rejects(experiments.create({ ...input, maxActiveRuns: 3 }), {
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  assert.deepEqual(await experiments.update("trees", { description: "" }), { ...made, description: "" });
  assert.deepEqual(await experiments.update("trees", {}), { ...made, description: "" });
  for (const maxActiveRuns of [0, -1, 1.5, 1001]) {
    const refused = { code: "MAX_ACTIVE_RUNS_INVALID", path: ["maxActiveRuns"] };
    await assert.rejects(experiments.update("trees", { maxActiveRuns }), refused);
    await assert.rejects(experiments.create({ ...input, name: "new", maxActiveRuns }), refused);
  }
  await assert.rejects(experiments.update("nothing", {}), { code: "EXPERIMENT_NOT_FOUND" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent } from "../../../../src/core/runs/events.js";
import type { RunAttempt } from "../../../../src/training/lifecycle/attempt.js";
import { assertPages } from "../../../testkit/api/page-walk.js";
import {
  finishEpoch,
  insertVersion,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

const NEVER = new AbortController().signal;

async function running(training: Training): Promise<RunAttempt> {
  await insertVersion(training.database);
  await training.launch();
  return startNext(training);
}

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const collected: RunEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const durable = (events: readonly RunEvent[]): number[] =>
  events.filter(({ kind }) => kind !== "TrainingProgress").map(({ sequence }) => sequence);

const upTo = (last: number): number[] => Array.from({ length: last }, (_value, index) => index + 1);

test("a subscriber that follows a run from the beginning receives all events in order, to the end", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  const followed = collect(training.events.follow(attempt.runId, null, NEVER));
  for (let number = 1; number <= 5; number++) await finishEpoch(training, attempt, { number });
  await succeed(training, attempt);
  const events = await followed;
  assert.deepEqual(durable(events), upTo(14));
  assert.deepEqual(
    events
      .filter(({ kind }) => kind === "EpochCompleted")
      .map((event) => "epoch" in event && event.epoch.number),
    [1, 2, 3, 4, 5],
  );
  const last = events.at(-1);
  assert.equal(last?.kind === "RunStateChanged" && last.to, "SUCCEEDED");
});

test("a subscriber that is cut off after epoch 2 and returns with its cursor gets every event once", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  for (let number = 1; number <= 2; number++) await finishEpoch(training, attempt, { number });

  const seen: RunEvent[] = [];
  for await (const event of training.events.follow(attempt.runId, null, NEVER)) {
    seen.push(event);
    if (event.kind === "EpochCompleted" && event.epoch.number === 2) break;
  }
  await finishEpoch(training, attempt, { number: 3 });
  const returned = collect(training.events.follow(attempt.runId, seen.at(-1)!.cursor, NEVER));
  await finishEpoch(training, attempt, { number: 4 });
  await succeed(training, attempt);
  seen.push(...(await returned));
  assert.deepEqual(durable(seen), upTo(12));
});

test("a subscriber that is cut off any number of times receives every event exactly once", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  const writing = (async () => {
    for (let number = 1; number <= 40; number++) {
      await training.attempts.recordProgress(attempt, progressAt(number));
      await finishEpoch(training, attempt, { number });
    }
    await succeed(training, attempt);
  })();
  const seen: RunEvent[] = [];
  let cursor: string | null = null;
  for (
    let patience = 1;
    seen.at(-1)?.kind !== "RunStateChanged" || seen.length < 10;
    patience = (patience % 7) + 1
  ) {
    let left = patience;
    for await (const event of training.events.follow(attempt.runId, cursor, NEVER)) {
      seen.push(event);
      cursor = event.cursor;
      if (--left === 0) break;
    }
  }
  await writing;
  assert.deepEqual(durable(seen), upTo(3 + 80 + 1));
});

test("a subscriber of an ended run receives the remaining events, and its stream ends", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  await succeed(training, attempt);
  const events = await collect(training.events.follow(attempt.runId, null, NEVER));
  assert.deepEqual(durable(events), upTo(4));
  assert.deepEqual(await collect(training.events.follow(attempt.runId, events.at(-1)!.cursor, NEVER)), []);
  assert.deepEqual(
    durable(await collect(training.events.follow(attempt.runId, events[1]!.cursor, NEVER))),
    [3, 4],
  );
});

test("a history longer than one read arrives completely", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  await training.database.transaction(async (client) => {
    for (let count = 0; count < 1100; count++) {
      const warning = { kind: "RunWarning", code: "TEST", message: `${count}` } as const;
      await training.events.append(client, attempt.runId, warning, new Date());
    }
  });
  await succeed(training, attempt);
  assert.deepEqual(durable(await collect(training.events.follow(attempt.runId, null, NEVER))), upTo(1104));
});

function progressAt(counter: number, loss = 0.5) {
  const progress = {
    epoch: 1,
    epochs: 3,
    step: counter,
    stepsPerEpoch: 100,
    imagesPerSecond: 10,
    remainingSeconds: null,
  };
  return { progress, loss, counter, at: new Date() };
}

test("only the newest progress is replayed, after the event that it followed", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  for (let counter = 1; counter <= 3; counter++)
    await training.attempts.recordProgress(attempt, progressAt(counter));

  const seen: RunEvent[] = [];
  for await (const event of training.events.follow(attempt.runId, null, NEVER)) {
    seen.push(event);
    if (event.kind === "TrainingProgress") break;
  }
  assert.deepEqual(
    seen.map(({ kind, cursor }) => [kind, cursor]),
    [
      ["RunStateChanged", "1.0"],
      ["RunStateChanged", "2.0"],
      ["RunStateChanged", "3.0"],
      ["TrainingProgress", "3.3"],
    ],
  );
  assert.equal((await training.runs.find([attempt.runId]))[0]?.progress?.step, 3);

  // The same progress is not sent again, but newer progress is.
  const returned = training.events.follow(attempt.runId, "3.3", NEVER)[Symbol.asyncIterator]();
  const next = returned.next();
  await training.attempts.recordProgress(attempt, progressAt(4, Number.NaN));
  const { value } = await next;
  assert.ok(value !== undefined && value.kind === "TrainingProgress");
  assert.deepEqual([value.cursor, value.loss, value.progress.step], ["3.4", Number.NaN, 4]);
  await returned.return(undefined);
});

test("a run that ended no longer has progress", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  await training.attempts.recordProgress(attempt, progressAt(1));
  await succeed(training, attempt);
  assert.equal((await training.runs.find([attempt.runId]))[0]?.progress, null);
});

test("a subscriber that leaves is released at once", async () => {
  await using training = await openTraining();
  const attempt = await running(training);
  const leaving = new AbortController();
  const seen: RunEvent[] = [];
  for await (const event of training.events.follow(attempt.runId, null, leaving.signal)) {
    seen.push(event);
    if (seen.length === 3) setImmediate(() => leaving.abort());
  }
  assert.equal(seen.length, 3);
});

test("following an unknown run, or from an unknown position, is an error", async () => {
  await using training = await openTraining();
  const { runId } = await running(training);
  await assert.rejects(collect(training.events.follow("run_00000000000000000000000000", null, NEVER)), {
    code: "RUN_NOT_FOUND",
  });
  await assert.rejects(collect(training.events.follow(runId, "soon", NEVER)), { code: "CURSOR_INVALID" });
});

test("events are listed a page at a time", async () => {
  await using training = await openTraining();
  const { runId } = await running(training);
  const first = await training.events.list(runId, { first: 2, after: null });
  assert.equal(await first.hasNextPage(), true);
  const second = await training.events.list(runId, { first: 2, after: first.items[1]!.cursor });
  assert.equal(await second.hasNextPage(), false);
  const events = [...first.items, ...second.items].map(({ node }) => node);
  assert.deepEqual(durable(events), [1, 2, 3]);
  assert.equal(await first.totalCount(), 3);
  await assertPages((page) => training.events.list(runId, page), events);
});

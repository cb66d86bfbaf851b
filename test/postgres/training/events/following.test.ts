import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunState } from "../../../../src/core/enumerations.js";
import type { RunEvent } from "../../../../src/core/runs/events.js";
import { Database } from "../../../../src/db/database.js";
import { TAIL_EVENTS } from "../../../../src/training/events/event-feed.js";
import { RunEventStore } from "../../../../src/training/events/event-store.js";
import { createTestDatabase, testLog } from "../../../testkit/postgres/database.js";
import { DatabaseLink } from "../../../testkit/postgres/database-link.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { insertTrainedRun } from "../../../testkit/trained-run.js";
import { untilItWorks } from "../../../testkit/until-it-works.js";

const NEVER = new AbortController().signal;

/** An active run in a separate database. Its events are written through other connections, as by another process. */
async function openRun() {
  const owned = await createTestDatabase();
  const { database, url } = owned;
  const { runId } = await insertTrainedRun(database);
  const counting = countingRows(database);
  const events = new RunEventStore(counting.database);
  await setState(database, runId, "RUNNING");
  return {
    url,
    database,
    events,
    runId,
    /** Rows of each result that the events were read from. */
    rowCounts: counting.rowCounts,
    follow: (after: string | null = null, signal = NEVER) => events.follow(runId, after, signal),
    /** Appends warnings, all of them in one transaction. */
    warn: (count = 1) =>
      database.transaction(async (client) => {
        for (let index = 0; index < count; index++) {
          const warning = { kind: "RunWarning", code: "TEST", message: `${index}` } as const;
          await events.append(client, runId, warning, new Date());
        }
      }),
    /** Changes the state together with its event. */
    goTo: (from: RunState, to: RunState) =>
      database.transaction(async (client) => {
        await rawSql(client, "update run set state = $2::run_state where id = $1", [runId, to]);
        const change = { kind: "RunStateChanged", from, to, reason: null, detail: null } as const;
        await events.append(client, runId, change, new Date());
      }),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function setState(database: Database, runId: string, state: RunState) {
  return rawSql(database, "update run set state = $2::run_state where id = $1", [runId, state]);
}

/** Sequences of all events until the stream ends. */
async function sequences(events: AsyncIterable<RunEvent>): Promise<number[]> {
  const seen: number[] = [];
  for await (const { sequence } of events) seen.push(sequence);
  return seen;
}

/** Takes events until the one with the sequence. @returns the sequences taken */
async function takeUntil(events: AsyncIterator<RunEvent>, last: number): Promise<number[]> {
  const taken: number[] = [];
  while (taken.at(-1) !== last) {
    const step = await events.next();
    assert.ok(step.done !== true, `The stream ended after ${taken.at(-1)}.`);
    taken.push(step.value.sequence);
  }
  return taken;
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("a thousand followers of a run share one database reader", async () => {
  await using run = await openRun();
  run.rowCounts.length = 0;
  const followed = Array.from({ length: 1_000 }, () => sequences(run.follow()));
  for (let count = 0; count < 20; count++) await run.warn();
  await run.goTo("RUNNING", "SUCCEEDED");
  for (const seen of await Promise.all(followed)) assert.deepEqual(seen, upTo(21));
  const readings = run.rowCounts.length;
  assert.ok(readings > 0 && readings <= 30, `${readings} statements`);
});

test("a follower of a long run reads at most as many events at once as are kept", async () => {
  await using run = await openRun();
  const last = 3 * TAIL_EVENTS;
  await run.warn(last);
  run.rowCounts.length = 0;
  const stream = run.follow();
  assert.deepEqual(await takeUntil(stream, last), upTo(last));
  await stream.return(undefined);
  const most = Math.max(...run.rowCounts);
  assert.ok(most > 0 && most <= TAIL_EVENTS, `${most} rows`);
});

test("followers that come and go while thousands of events are written receive each event once, in order", async () => {
  await using run = await openRun();
  let written = false;
  const writing = (async () => {
    for (let count = 0; count < 300; count++) await run.warn((count % 17) + 1);
    await run.goTo("RUNNING", "SUCCEEDED");
    written = true;
  })();
  const comers = Array.from({ length: 20 }, async (_, index) => {
    const seen: number[] = [];
    let cursor: string | null = null;
    // Each follower leaves after some events, sometimes more than are kept, and returns with its cursor.
    for (
      let patience = index + 1;
      !written || seen.length < last;
      patience = (patience * 7 + index) % 1_500
    ) {
      let left = patience + 1;
      for await (const event of run.follow(cursor)) {
        seen.push(event.sequence);
        cursor = event.cursor;
        if (--left === 0) break;
      }
    }
    return seen;
  });
  const last = Array.from({ length: 300 }, (_, count) => (count % 17) + 1).reduce((a, b) => a + b) + 1;
  for (const seen of await Promise.all(comers)) assert.deepEqual(seen, upTo(last));
  await writing;
});

test("a follower that falls behind the kept events reads the rest from the table, and catches up", async () => {
  await using run = await openRun();
  await run.warn();
  const slow = run.follow();
  assert.deepEqual(await takeUntil(slow, 1), [1]);
  const fast = sequences(run.follow());
  const last = 1 + 5 * TAIL_EVENTS;
  for (let count = 0; count < 5; count++) await run.warn(TAIL_EVENTS);
  assert.deepEqual(await takeUntil(slow, last), upTo(last, 2));
  const next = slow.next();
  await run.goTo("RUNNING", "CANCELLED");
  assert.equal((await next).value?.sequence, last + 1);
  assert.equal((await slow.next()).done, true);
  assert.deepEqual(await fast, upTo(last + 1));
});

test("followers only notice a pause when every connection to the database breaks", async () => {
  await using run = await openRun();
  const streams = Array.from({ length: 5 }, () => run.follow());
  for (let round = 1; round <= 5; round++) {
    await run.warn();
    for (const stream of streams) assert.deepEqual(await takeUntil(stream, 2 * round - 1), [2 * round - 1]);
    const waiting = streams.map((stream) => takeUntil(stream, 2 * round));
    await breakConnections(run.database);
    await untilItWorks(() => run.warn());
    for (const taken of await Promise.all(waiting)) assert.deepEqual(taken, [2 * round]);
  }
  const left = streams.map(sequences);
  await untilItWorks(() => run.goTo("RUNNING", "SUCCEEDED"));
  for (const taken of await Promise.all(left)) assert.deepEqual(taken, [11]);
});

test("a follower that joins while the database is down waits for it, and can leave meanwhile", async () => {
  await using run = await openRun();
  await run.warn(3);
  await using link = await DatabaseLink.open(run.url);
  await using database = await Database.open(link.url, testLog);
  const events = new RunEventStore(database);
  link.become("cut");
  const { tried } = link;
  const joined = takeUntil(events.follow(run.runId, null, NEVER), 3);
  const leaving = new AbortController();
  const left = sequences(events.follow(run.runId, null, leaving.signal));
  leaving.abort();
  assert.deepEqual(await left, []);
  await tried;
  link.become("open");
  assert.deepEqual(await joined, [1, 2, 3]);
});

test("followers continue to follow a run that is queued again after its end", async () => {
  await using run = await openRun();
  await run.goTo("RUNNING", "SUCCEEDED");
  await run.goTo("SUCCEEDED", "QUEUED");
  const stream = run.follow();
  assert.deepEqual(await takeUntil(stream, 2), [1, 2]);
  const next = stream.next();
  await run.goTo("QUEUED", "CANCELLED");
  assert.equal((await next).value?.sequence, 3);
  assert.equal((await stream.next()).done, true);
});

test("a follower that has not reached the end when the run is queued again does not stop there", async () => {
  await using run = await openRun();
  await run.warn();
  const slow = run.follow();
  const fast = run.follow();
  await takeUntil(slow, 1);
  await takeUntil(fast, 1);
  await run.goTo("RUNNING", "FAILED");
  await takeUntil(fast, 2);
  assert.equal((await fast.next()).done, true);
  await run.goTo("FAILED", "QUEUED");
  const other = run.follow();
  assert.deepEqual(await takeUntil(other, 3), [1, 2, 3]);
  assert.deepEqual(await takeUntil(slow, 3), [2, 3]);
  for (const stream of [slow, other]) await stream.return(undefined);
});

test("a follower that joins after a run was queued again follows it, even before other followers are notified", async () => {
  await using run = await openRun();
  const slow = run.follow();
  await run.goTo("RUNNING", "FAILED");
  await takeUntil(slow, 1);
  // As above, but before the notification of the reader.
  await rawSql(
    run.database,
    `with queued as (
       update run set state = 'QUEUED', event_sequence = 2 where id = $1 returning id
     )
     insert into run_event (run_id, sequence, kind, at, body)
     select id, 2, 'RunStateChanged', now(), '{"from": "FAILED", "to": "QUEUED", "reason": null, "detail": null}'
     from queued`,
    [run.runId],
  );
  const joined = run.follow("1.0");
  assert.deepEqual(await takeUntil(joined, 2), [2]);
  for (const stream of [slow, joined]) await stream.return(undefined);
});

test("deleting a run ends its followers with an error that says why", async () => {
  await using run = await openRun();
  await run.warn();
  const stream = run.follow();
  await takeUntil(stream, 1);
  const told = assert.rejects(stream.next(), { code: "RUN_NOT_FOUND" });
  await run.database.transaction(async (client) => {
    await rawSql(client, "delete from run where id = $1", [run.runId]);
    await run.database.notifier.notify(`run:${run.runId}`, client);
  });
  await told;
  await assert.rejects(sequences(run.follow()), { code: "RUN_NOT_FOUND" });
});

/** A view of a database whose stores count the rows of each result that they read outside of transactions. */
function countingRows(database: Database): { database: Database; rowCounts: number[] } {
  const rowCounts: number[] = [];
  const kysely = database.kysely.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      rowCounts.push(result.rows.length);
      return result;
    },
  });
  return { database: Object.create(database, { kysely: { value: kysely } }) as Database, rowCounts };
}

async function breakConnections(database: Database): Promise<void> {
  const { rows } = await rawSql(
    database,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
  assert.ok(rows.length > 0);
}

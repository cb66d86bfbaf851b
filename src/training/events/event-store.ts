import { type Selectable, sql } from "kysely";
import { type KeyRange, type Keyset, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import type { DurableEventBody, RunEvent } from "../../core/runs/events.js";
import { encodeJson } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { inKeyRange } from "../../db/key-range.js";
import { prepared } from "../../db/prepared.js";
import type { Transaction } from "../../db/transaction.js";
import { outlastingOutages } from "../../db/trouble/outage.js";
import { unnest } from "../../db/unnest.js";
import { Doorbell } from "../../lang/doorbell.js";
import {
  cursorOf,
  decodeEventBody,
  decodeProgress,
  type EventPosition,
  positionOf,
  type StoredProgress,
} from "./event-encoding.js";
import { RunEventFeed, type RunReading, TAIL_EVENTS } from "./event-feed.js";

/** How many warnings of a run are returned. A run that is retried again and again may have more. */
export const RECENT_WARNINGS = 100;

/** Rows that a follower reads at once while it is behind, so that thousands of them never fill the memory. */
const READ_ROWS = 100;

interface NewEvent {
  readonly runId: string;
  readonly kind: DurableEventBody["kind"];
  readonly at: Date;
  readonly json: string;
}

const appendEvent = prepared((db, { runId, kind, at, json }: NewEvent) =>
  db
    .with("next", (db) =>
      db
        .updateTable("run")
        .set("eventSequence", ({ eb }) => eb("eventSequence", "+", 1))
        .where("id", "=", runId)
        .returning("eventSequence"),
    )
    .insertInto("runEvent")
    .columns(["runId", "sequence", "kind", "at", "body"])
    .expression(({ selectFrom, val }) =>
      selectFrom("next").select(({ ref }) => [
        val(runId).as("runId"),
        ref("eventSequence").as("sequence"),
        val(kind).as("kind"),
        val(at).as("at"),
        val(json).as("body"),
      ]),
    )
    .returning("sequence"),
);

/** The cursors are those of the event stream, so that a client can list what happened and then follow it. */
const EVENT_KEYSET: Keyset<RunEvent, readonly [number]> = {
  cursorOf: ({ cursor }) => cursor,
  keyOf: (cursor, argument) => [positionOf(cursor, argument).sequence],
};

/** Events of runs: durable ones in rows, the newest progress in the run's own row. */
export class RunEventStore {
  /** Feeds of the runs that have followers. */
  readonly #feeds = new Map<string, RunEventFeed>();

  constructor(private readonly database: Database) {}

  /**
   * Adds an event with the run's next sequence. The run's row stays locked until the transaction
   * ends, so sequences have no gaps and become visible in their order.
   */
  async append(transaction: Transaction, runId: string, body: DurableEventBody, at: Date): Promise<number> {
    const { kind, ...fields } = body;
    const [row] = await appendEvent(transaction.kysely, { runId, kind, at, json: encodeJson(fields) });
    if (row === undefined) throw new Error(`There is no run ${runId} to append an event to.`);
    await this.database.notifier.notify(`run:${runId}`, transaction);
    return row.sequence;
  }

  /** Durable events, oldest first. */
  async list(runId: string, page: PageRequest): Promise<CountedPage<RunEvent>> {
    const events = await readPage(page, EVENT_KEYSET, (range) => this.#readRange(runId, range));
    return { ...events, totalCount: () => this.#count(runId) };
  }

  /** The newest warnings of each run, oldest first; a run without one is left out. */
  async warningsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, readonly RunEvent[]>> {
    const rows = await this.database.kysely
      .selectFrom(unnest("run", { id: ["text", runIds] }))
      .innerJoinLateral(
        ({ selectFrom }) =>
          selectFrom("runEvent")
            .select(["sequence", "kind", "at", "body"])
            .whereRef("runId", "=", "run.id")
            .where("kind", "=", "RunWarning" satisfies DurableEventBody["kind"])
            .orderBy("sequence", "desc")
            .limit(sql.lit(RECENT_WARNINGS))
            .as("e"),
        (join) => join.onTrue(),
      )
      .select(["run.id", "e.sequence", "e.kind", "e.at", "e.body"])
      .orderBy("run.id")
      .orderBy("e.sequence")
      .execute();
    return new Map(
      [...Map.groupBy(rows, ({ id }) => id)].map(([id, ofRun]) => [
        id,
        ofRun.map((row) => durableEvent(id, row)),
      ]),
    );
  }

  /**
   * Yields every durable event after the cursor exactly once and in order, then new ones as they are committed, with
   * the newest progress between them. Ends after the event that ends the run, at once when that event is before the
   * cursor, or when `signal` aborts. It does not end there when the run was queued again. Waits while the database is
   * unreachable.
   *
   * @param after cursor of the last event seen; null replays from the beginning
   * @throws AppError `RUN_NOT_FOUND`, `CURSOR_INVALID`
   */
  async *follow(runId: string, after: string | null, signal: AbortSignal): AsyncGenerator<RunEvent, void> {
    let position = positionOf(after);
    const doorbell = new Doorbell();
    const feed = this.#feedOf(runId);
    const firstReading = feed.join(doorbell.ring);
    signal.addEventListener("abort", doorbell.ring);
    try {
      while (!signal.aborted) {
        const event = feed.after(position);
        if (event !== null) {
          yield event;
          position = positionOf(event.cursor);
        } else if (feed.isBehind(position)) {
          for (const missed of await this.#readMissed(runId, position, signal)) {
            yield missed;
            if (signal.aborted) return;
            position = positionOf(missed.cursor);
          }
        } else if (feed.isOver(firstReading)) {
          return;
        } else {
          await doorbell.wait();
        }
      }
    } finally {
      signal.removeEventListener("abort", doorbell.ring);
      if (!feed.leave(doorbell.ring) && this.#feeds.get(runId) === feed) this.#feeds.delete(runId);
    }
  }

  /** Returns the feed of a run. Join it at once: a feed without followers is removed. */
  #feedOf(runId: string): RunEventFeed {
    const known = this.#feeds.get(runId);
    if (known !== undefined && !known.isBroken) return known;
    const feed = new RunEventFeed(runId, {
      read: (id, afterSequence, signal) =>
        outlastingOutages(() => this.#readNewest(id, afterSequence), signal),
      listen: (id, ring) => this.database.notifier.on(`run:${id}`, ring),
    });
    this.#feeds.set(runId, feed);
    return feed;
  }

  /** @returns nothing when `signal` aborts */
  async #readMissed(
    runId: string,
    { sequence }: EventPosition,
    signal: AbortSignal,
  ): Promise<readonly RunEvent[]> {
    try {
      return await outlastingOutages(() => this.#readAfter(runId, sequence, READ_ROWS), signal);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  #readAfter(runId: string, sequence: number, limit: number): Promise<readonly RunEvent[]> {
    const after = { key: [sequence] as const, inclusive: false };
    return this.#readRange(runId, { after, before: null, backward: false, limit });
  }

  async #readRange(runId: string, range: KeyRange<readonly [number]>): Promise<readonly RunEvent[]> {
    const rows = await inKeyRange(
      this.database.kysely
        .selectFrom("runEvent")
        .select(["sequence", "kind", "at", "body"])
        .where("runId", "=", runId),
      { columns: ["sequence"], direction: "asc" },
      range,
    ).execute();
    return rows.map((row) => durableEvent(runId, row));
  }

  /** Sequences start at 1 and have no gaps, so the newest one is the number of events. */
  async #count(runId: string): Promise<number> {
    const run = await this.database.prisma.run.findUnique({
      where: { id: runId },
      select: { eventSequence: true },
    });
    return run?.eventSequence ?? 0;
  }

  /** Reads state, progress and events in one statement, so that they are consistent. */
  async #readNewest(runId: string, afterSequence: number): Promise<RunReading | null> {
    const rows = await this.database.kysely
      .selectFrom("run as r")
      .leftJoin("runEvent as e", (join) =>
        join
          .onRef("e.runId", "=", "r.id")
          .on(({ eb, fn, val }) =>
            eb(
              "e.sequence",
              ">",
              fn<number>("greatest", [val(afterSequence), eb("r.eventSequence", "-", TAIL_EVENTS)]),
            ),
          ),
      )
      .select(["r.state", "r.progress", "e.sequence", "e.kind", "e.at", "e.body"])
      .where("r.id", "=", runId)
      .orderBy("e.sequence")
      .execute();
    const [run] = rows;
    if (run === undefined) return null;
    const progress = decodeProgress(run.progress);
    return {
      state: run.state,
      progress: progress === null ? null : progressEvent(runId, progress),
      events: rows.flatMap((row) => (isEvent(row) ? [durableEvent(runId, row)] : [])),
    };
  }
}

type EventRow = Pick<Selectable<Tables["runEvent"]>, "sequence" | "kind" | "at" | "body">;

/** Whether the join found an event. */
function isEvent(row: { readonly [Column in keyof EventRow]: EventRow[Column] | null }): row is EventRow {
  return row.sequence !== null;
}

function durableEvent(runId: string, { sequence, kind, at, body }: EventRow): RunEvent {
  return { ...decodeEventBody(kind, body), runId, sequence, cursor: cursorOf({ sequence, counter: 0 }), at };
}

function progressEvent(runId: string, stored: StoredProgress): RunEvent | null {
  if (stored.loss === null) return null;
  return {
    kind: "TrainingProgress",
    progress: stored.progress,
    loss: stored.loss,
    runId,
    sequence: stored.sequence,
    cursor: cursorOf(stored),
    at: stored.at,
  };
}

import type { RunState } from "../../core/enumerations.js";
import type { Page, PageRequest } from "../../core/page.js";
import type { RunEvent, RunEventBody } from "../../core/run-events.js";
import type { Database } from "../../db/database.js";
import { outlastingOutages } from "../../db/outage.js";
import type { Transaction } from "../../db/transaction.js";
import { Doorbell } from "../../lang/doorbell.js";
import {
  cursorOf,
  decodeEventBody,
  decodeProgress,
  type EventPosition,
  encodeJson,
  positionOf,
  type StoredProgress,
} from "./event-encoding.js";
import { RunEventFeed, type RunReading, TAIL_EVENTS } from "./event-feed.js";

/** Rows that a follower reads at once while it is behind, so that thousands of them never fill the memory. */
const READ_ROWS = 100;

export type DurableEventBody = Exclude<RunEventBody, { kind: "TrainingProgress" }>;

/** Events of runs: durable ones in rows, the newest progress in the run's own row. */
export class RunEventStore {
  /** Of the runs that somebody follows. */
  readonly #feeds = new Map<string, RunEventFeed>();

  constructor(private readonly database: Database) {}

  /**
   * Adds an event with the run's next sequence. The run's row stays locked until the transaction
   * ends, so sequences have no gaps and become visible in their order.
   */
  async append(client: Transaction, runId: string, body: DurableEventBody, at: Date): Promise<number> {
    const { kind, ...fields } = body;
    const { rows } = await client.query<{ sequence: number }>(
      `with next as (
         update run set event_sequence = event_sequence + 1 where id = $1 returning event_sequence
       )
       insert into run_event (run_id, sequence, kind, at, body)
       select $1, event_sequence, $2, $3, $4::jsonb from next returning sequence`,
      [runId, kind, at, encodeJson(fields)],
    );
    const [row] = rows;
    if (row === undefined) throw new Error(`There is no run ${runId} to append an event to.`);
    await this.database.notifier.notify(`run:${runId}`, client);
    return row.sequence;
  }

  /** Durable events, oldest first. */
  async list(runId: string, page: PageRequest): Promise<Page<RunEvent>> {
    const events = await this.#readAfter(runId, positionOf(page.after).sequence, page.first + 1);
    return {
      items: events.slice(0, page.first).map((node) => ({ cursor: node.cursor, node })),
      hasNextPage: events.length > page.first,
    };
  }

  /**
   * Every durable event after the cursor exactly once and in order, then new ones as they are
   * committed, with the newest progress between them. Ends after the event that ends the run, at
   * once when that is before the cursor, or when `signal` aborts; goes on where that event was not the
   * last, since the run was queued again. While the database is away it waits.
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

  /** One that nobody follows any more is not there, so it is to be joined at once. */
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

  async #readAfter(runId: string, sequence: number, limit: number): Promise<readonly RunEvent[]> {
    const { rows } = await this.database.pool.query<EventRow>(
      `select sequence, kind, at, body from run_event where run_id = $1 and sequence > $2
       order by sequence limit $3`,
      [runId, sequence, limit],
    );
    return rows.map((row) => durableEvent(runId, row));
  }

  /** One statement sees one moment: state, progress and events belong together. */
  async #readNewest(runId: string, afterSequence: number): Promise<RunReading | null> {
    const { rows } = await this.database.pool.query<RunRow & (EventRow | { sequence: null })>(
      `select r.state, r.progress, e.sequence, e.kind, e.at, e.body
       from run r left join run_event e on e.run_id = r.id and e.sequence > greatest($2, r.event_sequence - $3)
       where r.id = $1 order by e.sequence`,
      [runId, afterSequence, TAIL_EVENTS],
    );
    const [run] = rows;
    if (run === undefined) return null;
    const progress = decodeProgress(run.progress);
    return {
      state: run.state,
      progress: progress === null ? null : progressEvent(runId, progress),
      events: rows.flatMap((row) => (row.sequence === null ? [] : [durableEvent(runId, row)])),
    };
  }
}

interface RunRow {
  readonly state: RunState;
  readonly progress: unknown;
}

interface EventRow {
  readonly sequence: number;
  readonly kind: string;
  readonly at: Date;
  readonly body: unknown;
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

import type pg from "pg";
import { AppError } from "../core/app-error.js";
import { Doorbell } from "../core/doorbell.js";
import type { RunState } from "../core/enumerations.js";
import type { Page, PageRequest } from "../core/page.js";
import type { RunEvent, RunEventBody } from "../core/run-events.js";
import type { Database } from "../db/database.js";
import {
  cursorOf,
  decodeEventBody,
  decodeProgress,
  encodeJson,
  isAfter,
  positionOf,
  type StoredProgress,
} from "./run-event-encoding.js";
import { isTerminal } from "./run-state.js";

/** Rows read at once while replaying, so that a long run never fills the memory. */
const READ_ROWS = 500;

export type DurableEventBody = Exclude<RunEventBody, { kind: "TrainingProgress" }>;

/** Events of runs: durable ones in rows, the newest progress in the run's own row. */
export class RunEventStore {
  constructor(private readonly database: Database) {}

  /**
   * Adds an event with the run's next sequence. The run's row stays locked until the transaction
   * ends, so sequences have no gaps and become visible in their order.
   */
  async append(client: pg.PoolClient, runId: string, body: DurableEventBody, at: Date): Promise<number> {
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
   * once when that is before the cursor, or when `signal` aborts.
   *
   * @param after cursor of the last event seen; null replays from the beginning
   * @throws AppError `RUN_NOT_FOUND`, `CURSOR_INVALID`
   */
  async *follow(runId: string, after: string | null, signal: AbortSignal): AsyncGenerator<RunEvent, void> {
    let position = positionOf(after);
    const doorbell = new Doorbell();
    const unsubscribe = this.database.notifier.on(`run:${runId}`, doorbell.ring);
    signal.addEventListener("abort", doorbell.ring);
    try {
      while (!signal.aborted) {
        const events = await this.#readAfter(runId, position.sequence, READ_ROWS);
        for (const event of events) {
          yield event;
          if (signal.aborted) return;
          position = { sequence: event.sequence, counter: 0 };
          if (event.kind === "RunStateChanged" && isTerminal(event.to)) return;
        }
        if (events.length > 0) continue;

        const now = await this.#readNow(runId);
        if (now.lastSequence > position.sequence) continue;
        if (isTerminal(now.state)) return;
        if (now.progress !== null && isAfter(now.progress, position)) {
          const event = progressEvent(runId, now.progress);
          position = { sequence: now.progress.sequence, counter: now.progress.counter };
          if (event !== null) yield event;
        }
        await doorbell.wait();
      }
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", doorbell.ring);
    }
  }

  async #readAfter(runId: string, sequence: number, limit: number): Promise<readonly RunEvent[]> {
    const { rows } = await this.database.pool.query<EventRow>(
      `select sequence, kind, at, body from run_event where run_id = $1 and sequence > $2
       order by sequence limit $3`,
      [runId, sequence, limit],
    );
    return rows.map((row) => ({
      ...decodeEventBody(row.kind, row.body),
      runId,
      sequence: row.sequence,
      cursor: cursorOf({ sequence: row.sequence, counter: 0 }),
      at: row.at,
    }));
  }

  async #readNow(
    runId: string,
  ): Promise<{ state: RunState; lastSequence: number; progress: StoredProgress | null }> {
    const { rows } = await this.database.pool.query<{
      state: RunState;
      lastSequence: number;
      progress: unknown;
    }>(`select state, event_sequence as "lastSequence", progress from run where id = $1`, [runId]);
    const [row] = rows;
    if (row === undefined) {
      throw new AppError("RUN_NOT_FOUND", `There is no run with the id ${JSON.stringify(runId)}.`, {
        path: ["runId"],
      });
    }
    return { ...row, progress: decodeProgress(row.progress) };
  }
}

interface EventRow {
  readonly sequence: number;
  readonly kind: string;
  readonly at: Date;
  readonly body: unknown;
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

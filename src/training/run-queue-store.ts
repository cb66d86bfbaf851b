import type pg from "pg";
import type { RunState } from "../core/enumerations.js";
import type { Database } from "../db/database.js";
import { AttemptReplaced, type RunAttempt } from "./run-attempt.js";
import type { RunRecord } from "./run-records.js";
import { RUN_COLUMNS, type RunRow, runRecordOf } from "./run-row.js";
import type { RunStateStore } from "./run-state-store.js";

/** A run that a process died under as often as this is not tried again. */
export const MAX_ATTEMPTS = 3;

export interface Interruption {
  readonly detail: string;
  /** An orderly stop is none of the run's failures, so it does not count as an attempt. */
  readonly countsAsAttempt: boolean;
}

/** The queue of runs, which is the runs that are QUEUED in the order of their launch. */
export class RunQueueStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
  ) {}

  /** Takes the first run off the queue, which is PREPARING then; null when the queue is empty. */
  async claim(at: Date): Promise<RunRecord | null> {
    return this.database.transaction(async (client) => {
      const queued = await client.query<{ id: string; attempt: number }>(
        `select id, attempt from run where state = 'QUEUED' order by queue_order limit 1 for update skip locked`,
      );
      const [first] = queued.rows;
      if (first === undefined) return null;
      await this.states.change(
        client,
        {
          runId: first.id,
          attempt: first.attempt,
          from: "QUEUED",
          to: "PREPARING",
          reason: null,
          detail: null,
        },
        at,
      );
      const { rows } = await client.query<RunRow>(`select ${RUN_COLUMNS} from run r where r.id = $1`, [
        first.id,
      ]);
      const [row] = rows;
      return row === undefined ? null : runRecordOf(row);
    });
  }

  /**
   * At start: puts runs that a dead process left at work back in the queue.
   *
   * @returns the runs found, whatever became of them
   */
  async recover(at: Date): Promise<readonly RunAttempt[]> {
    const { rows } = await this.database.pool.query<RunAttempt>(
      `select id as "runId", attempt from run where state in ('PREPARING', 'RUNNING') order by queue_order`,
    );
    for (const attempt of rows) {
      await this.interrupt(
        attempt,
        { detail: "The process that trained it ended.", countsAsAttempt: true },
        at,
      );
    }
    return rows;
  }

  /**
   * Takes a run away from its trainer: back to its place in the queue, or to its end when it was to be
   * cancelled or has used up its attempts. Both changes are seen together.
   *
   * @throws AttemptReplaced
   */
  async interrupt(attempt: RunAttempt, { detail, countsAsAttempt }: Interruption, at: Date): Promise<void> {
    await this.database.transaction(async (client) => {
      const { state, cancelRequested } = await this.#lock(client, attempt);
      const interrupted = { ...attempt, from: state, to: "INTERRUPTED", reason: null, detail } as const;
      await this.states.change(client, interrupted, at);

      const next = { ...attempt, from: "INTERRUPTED", detail: null } as const;
      if (cancelRequested) {
        await this.states.change(client, { ...next, to: "CANCELLED", reason: "CANCELLED" }, at);
      } else if (countsAsAttempt && attempt.attempt >= MAX_ATTEMPTS) {
        const exhausted = `Interrupted ${MAX_ATTEMPTS} times; the last time: ${detail}`;
        const end = { ...next, to: "FAILED", reason: "ATTEMPTS_EXHAUSTED", detail: exhausted } as const;
        await this.states.change(client, end, at);
      } else {
        await this.states.change(client, { ...next, to: "QUEUED", reason: null }, at);
        if (countsAsAttempt) {
          await client.query(`update run set attempt = attempt + 1 where id = $1`, [attempt.runId]);
        }
        await this.database.notifier.notify("queue", client);
      }
    });
  }

  /** Calls `wake` when the queue may have changed. @returns a function that stops it */
  onChange(wake: () => void): () => void {
    return this.database.notifier.on("queue", wake);
  }

  /** Calls `wake` when the run may have been asked to end. @returns a function that stops it */
  onCancelRequest(runId: string, wake: () => void): () => void {
    return this.database.notifier.on(`cancel:${runId}`, wake);
  }

  async isCancelRequested(runId: string): Promise<boolean> {
    const { rows } = await this.database.pool.query<{ cancelRequested: boolean }>(
      `select coalesce(stop_requested = 'CANCEL', false) as "cancelRequested" from run where id = $1`,
      [runId],
    );
    return rows[0]?.cancelRequested ?? false;
  }

  async #lock(
    client: pg.PoolClient,
    attempt: RunAttempt,
  ): Promise<{ state: RunState; cancelRequested: boolean }> {
    const { rows } = await client.query<{ state: RunState; cancelRequested: boolean }>(
      `select state, coalesce(stop_requested = 'CANCEL', false) as "cancelRequested" from run
       where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING') for update`,
      [attempt.runId, attempt.attempt],
    );
    const [row] = rows;
    if (row === undefined) throw new AttemptReplaced(attempt);
    return row;
  }
}

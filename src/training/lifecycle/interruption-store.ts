import type { RunEnvironment } from "../../core/run-events.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import { decodeProgress } from "../events/event-encoding.js";
import type { RunEventStore } from "../events/event-store.js";
import { AttemptReplaced, type RunAttempt } from "./attempt.js";
import type { StopRequest } from "./queue-store.js";
import type { RunStateStore } from "./state-store.js";

/** As often in a row may a process die under a run that saves nothing; then the run is given up. */
export const MOST_FRUITLESS_ATTEMPTS = 5;

export interface Interruption {
  readonly detail: string;
  /** An orderly stop is none of the run's failures, so it does not count towards giving it up. */
  readonly countsAsFailure: boolean;
  /** The native library ended the process: before the first step that is want of memory, most of the time. */
  readonly crashed?: boolean;
}

/** A process that ended by a signal of its own making. */
export interface Crash {
  readonly pid: number;
  /** Such as "SIGSEGV". */
  readonly signal: string;
}

/** Takes runs away from trainers that stopped or died. */
export class RunInterruptionStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
    private readonly events: RunEventStore,
  ) {}

  /**
   * Takes a run away from its trainer: back to its place in the queue, where its next attempt fences off this
   * one, or to what was asked for meanwhile, or to its end when it was given up. All changes are seen together.
   *
   * @throws AttemptReplaced
   */
  async interrupt(attempt: RunAttempt, interruption: Interruption, at: Date): Promise<void> {
    await this.database.transaction((client) => this.#interrupt(client, attempt, interruption, at));
  }

  /**
   * Interrupts the runs whose worker is dead or has let its lease expire. A database that was away itself could not
   * take renewals: leases hold anew from its start.
   *
   * @param isDead tells of workers that need not be waited for
   * @param leaseSeconds how long a lease holds
   * @param crash what is known about the process before this one
   * @returns the runs found, whatever became of them
   */
  async interruptLost(
    isDead: (workerId: string) => boolean,
    leaseSeconds: number,
    crash: Crash | null,
    at: Date,
  ): Promise<readonly RunAttempt[]> {
    const { rows } = await this.database.pool.query<
      RunAttempt & { workerId: string | null; expired: boolean }
    >(
      `select id as "runId", attempt, worker_id as "workerId", ${EXPIRED} as expired from run
       where state in ('PREPARING', 'RUNNING') order by queue_order`,
      [leaseSeconds],
    );
    const lost: RunAttempt[] = [];
    for (const { runId, attempt, workerId, expired } of rows) {
      const dead = workerId !== null && isDead(workerId);
      if (!dead && !expired) continue;
      const signal = dead && Number(workerId.split("/")[1]) === crash?.pid ? crash.signal : null;
      const interruption = {
        detail: signal === null ? detailOf(dead) : `The process that trained it crashed (${signal}).`,
        countsAsFailure: true,
        crashed: signal !== null,
      };
      try {
        await this.database.transaction(async (client) => {
          // It may have been renewed since it was listed.
          if (!dead && !(await this.#isStillExpired(client, runId, leaseSeconds))) return;
          await this.#interrupt(client, { runId, attempt }, interruption, at);
          lost.push({ runId, attempt });
        });
      } catch (error) {
        if (!(error instanceof AttemptReplaced)) throw error; // Another worker was faster.
      }
    }
    return lost;
  }

  /** Runs that wait for room on the disk, with what their newest checkpoint took. */
  async waitingForDisk(): Promise<readonly { readonly runId: string; readonly checkpointBytes: number }[]> {
    const { rows } = await this.database.pool.query<{ runId: string; checkpointBytes: number }>(
      `select id as "runId", coalesce(
         (select max(size_bytes) from checkpoint c where c.run_id = run.id), 0)::float8 as "checkpointBytes"
       from run where state = 'PAUSED' and waits_for_disk order by queue_order`,
    );
    return rows;
  }

  /**
   * Puts a run that waited for room on the disk back into the queue; does nothing to any other. One that comes back
   * again and again, and saves nothing in between, stays PAUSED until somebody resumes it.
   */
  async continueWithDisk(runId: string, at: Date): Promise<void> {
    await this.database.transaction(async (client) => {
      const { rows } = await client.query<{ attempt: number; fruitlessAttempts: number }>(
        `select attempt, fruitless_attempts as "fruitlessAttempts" from run
         where id = $1 and state = 'PAUSED' and waits_for_disk for update`,
        [runId],
      );
      const [row] = rows;
      if (row === undefined) return;
      if (row.fruitlessAttempts >= MOST_FRUITLESS_ATTEMPTS) {
        await client.query(`update run set waits_for_disk = false, fruitless_attempts = 0 where id = $1`, [
          runId,
        ]);
        const message =
          `The disk seems to have room, but the run could not save anything ${row.fruitlessAttempts} times in a row. It stays ` +
          "paused: resume it once its files can be written.";
        await this.events.append(client, runId, { kind: "RunWarning", code: "DISK_WAIT_ENDED", message }, at);
        return;
      }
      const change = { runId, attempt: row.attempt, from: "PAUSED", to: "QUEUED" } as const;
      await this.states.change(client, { ...change, reason: null, detail: "The disk has room again." }, at);
      await this.database.notifier.notify("queue", client);
    });
  }

  async #interrupt(
    client: Transaction,
    attempt: RunAttempt,
    { detail, countsAsFailure, crashed = false }: Interruption,
    at: Date,
  ): Promise<void> {
    const run = await this.#lock(client, attempt);
    const interrupted = { ...attempt, from: run.state, to: "INTERRUPTED", reason: null, detail } as const;
    await this.states.change(client, interrupted, at);

    const next = { ...attempt, from: "INTERRUPTED", detail: null } as const;
    const halved = crashed && (await this.#halveParts(client, attempt.runId, run, at));
    if (run.stopRequested === "CANCEL") {
      await this.states.change(client, { ...next, to: "CANCELLED", reason: "CANCELLED" }, at);
    } else if (countsAsFailure && !halved && run.fruitlessAttempts >= MOST_FRUITLESS_ATTEMPTS) {
      const exhausted = `Interrupted ${run.fruitlessAttempts} times in a row before anything new was saved; the last time: ${detail}`;
      const end = { ...next, to: "FAILED", reason: "ATTEMPTS_EXHAUSTED", detail: exhausted } as const;
      await this.states.change(client, end, at);
    } else if (run.stopRequested === "PAUSE") {
      await this.states.change(client, { ...next, to: "PAUSED", reason: null }, at);
    } else {
      await this.states.change(client, { ...next, to: "QUEUED", reason: null }, at);
      if (!countsAsFailure || halved) {
        await client.query(
          `update run set fruitless_attempts = greatest(fruitless_attempts - 1, 0) where id = $1`,
          [attempt.runId],
        );
      }
    }
    await this.database.notifier.notify("queue", client);
  }

  /**
   * Most of TensorFlow's kernels end the process where memory runs out. So a run that crashed before its first
   * step was done is tried with parts of half the size.
   *
   * @returns false when it was something else, or parts cannot be smaller
   */
  async #halveParts(client: Transaction, runId: string, run: LockedRun, at: Date): Promise<boolean> {
    const before = run.environment?.partSize ?? 1;
    if (run.state !== "RUNNING" || run.hasStepped || before === 1) return false;
    const partSize = Math.ceil(before / 2);
    await client.query(
      `update run set environment = environment || jsonb_build_object('partSize', $2::int) where id = $1`,
      [runId, partSize],
    );
    const message =
      `The process crashed in its first step, most likely since ${before} pictures at once did not fit into memory. The run ` +
      `goes on from its last checkpoint with ${partSize} at once, whose gradients add up to the same batch.`;
    await this.events.append(client, runId, { kind: "RunWarning", code: "BATCH_HALVED", message }, at);
    return true;
  }

  async #isStillExpired(client: Transaction, runId: string, leaseSeconds: number): Promise<boolean> {
    const { rows } = await client.query<{ expired: boolean }>(
      `select ${EXPIRED} as expired from run where id = $2 for update`,
      [leaseSeconds, runId],
    );
    return rows[0]?.expired ?? false;
  }

  async #lock(client: Transaction, attempt: RunAttempt): Promise<LockedRun> {
    const { rows } = await client.query<Omit<LockedRun, "hasStepped"> & { progress: unknown }>(
      `select state, stop_requested as "stopRequested", fruitless_attempts as "fruitlessAttempts", environment,
         progress
       from run where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING') for update`,
      [attempt.runId, attempt.attempt],
    );
    const [row] = rows;
    if (row === undefined) throw new AttemptReplaced(attempt);
    return { ...row, hasStepped: (decodeProgress(row.progress)?.loss ?? null) !== null };
  }
}

interface LockedRun {
  readonly state: "PREPARING" | "RUNNING";
  readonly stopRequested: StopRequest | null;
  readonly fruitlessAttempts: number;
  readonly environment: RunEnvironment | null;
  /** Whether this attempt has told of a step. */
  readonly hasStepped: boolean;
}

/** $1: how long a lease holds, in seconds. Runs of before there were leases have none. */
const EXPIRED = `(lease_expires_at is null or greatest(
  lease_expires_at, pg_postmaster_start_time() + make_interval(secs => $1)) < now())`;

function detailOf(dead: boolean): string {
  return dead
    ? "The process that trained it ended."
    : "The worker that trained it was not heard of any more.";
}

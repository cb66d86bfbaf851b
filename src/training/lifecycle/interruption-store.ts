import { type AliasableExpression, type ExpressionBuilder, sql } from "kysely";
import { type RunEnvironment, readRunEnvironment } from "../../core/runs/environment.js";
import { ACTIVE_STATES, type ActiveState, isActive } from "../../core/runs/state.js";
import { ACCUMULATION_EFFECT } from "../../core/runs/warnings.js";
import { encodeJson } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import type { Transaction } from "../../db/transaction.js";
import { decodeProgress } from "../events/event-encoding.js";
import type { RunEventStore } from "../events/event-store.js";
import { AttemptReplaced, type RunAttempt } from "./attempt.js";
import type { StopRequest } from "./queue-store.js";
import type { RunStateStore } from "./state-store.js";

/** Maximum number of consecutive failed attempts without a saved checkpoint; then the run fails. */
export const MAX_FRUITLESS_ATTEMPTS = 5;

export interface Interruption {
  readonly detail: string;
  /** Whether the interruption counts as a failed attempt. An orderly stop does not. */
  readonly countsAsFailure: boolean;
  /** Time that trainers have spent on the run; absent: what was reported last. */
  readonly trainingSeconds?: number;
  /** Whether the native library ended the process. Before the first step the usual cause is a lack of memory. */
  readonly crashed?: boolean;
}

/** A process that ended by a signal of its own, such as a segmentation fault. */
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
   * Takes a run away from its trainer. The run returns to its place in the queue, or is paused or cancelled when that
   * was requested, or fails after too many attempts. The next attempt fences off this one. All changes are one
   * transaction.
   *
   * @throws AttemptReplaced
   */
  async interrupt(attempt: RunAttempt, interruption: Interruption, at: Date): Promise<void> {
    await this.database.transaction((transaction) => this.#interrupt(transaction, attempt, interruption, at));
  }

  /**
   * Interrupts the runs whose worker is dead or has let its lease expire. A database that was down could not accept
   * renewals, so leases begin again at its start.
   *
   * @param isDead whether a worker is known to be dead, so that its lease need not expire
   * @param leaseSeconds how long a lease holds; null leaves the runs whose lease has expired
   * @param crash what is known about the process before this one
   * @returns the runs found, whatever became of them
   * @throws AppError `DATABASE_UNREACHABLE` or `DATABASE_READ_ONLY` when the database accepts no renewals now
   */
  async interruptLost(
    isDead: (workerId: string) => boolean,
    leaseSeconds: number | null,
    crash: Crash | null,
    at: Date,
  ): Promise<readonly RunAttempt[]> {
    await this.database.checkReady();
    const active = await this.database.kysely
      .selectFrom("run")
      .select((run) => ["id as runId", "attempt", "workerId", hasExpired(run, leaseSeconds).as("expired")])
      .where("state", "in", ACTIVE_STATES)
      .orderBy("queueOrder")
      .execute();
    const lost: RunAttempt[] = [];
    for (const { runId, attempt, workerId, expired } of active) {
      const dead = workerId !== null && isDead(workerId);
      if (!dead && !expired) continue;
      const signal = dead && Number(workerId.split("/")[1]) === crash?.pid ? crash.signal : null;
      const interruption = {
        detail: signal === null ? detailOf(dead) : `The process that trained it crashed (${signal}).`,
        countsAsFailure: true,
        crashed: signal !== null,
      };
      try {
        const interrupted = await this.database.transaction(async (transaction) => {
          // It may have been renewed since it was listed.
          if (!dead && !(await this.#isStillExpired(transaction, runId, leaseSeconds))) return false;
          await this.#interrupt(transaction, { runId, attempt }, interruption, at);
          return true;
        });
        if (interrupted) lost.push({ runId, attempt });
      } catch (error) {
        if (!(error instanceof AttemptReplaced)) throw error; // Another worker was faster.
      }
    }
    return lost;
  }

  /** Runs that wait for room on the disk, with the size of their newest checkpoint. */
  async waitingForDisk(): Promise<readonly { readonly runId: string; readonly checkpointBytes: number }[]> {
    return this.database.kysely
      .selectFrom("run")
      .select(({ fn, val, selectFrom }) => [
        "id as runId",
        fn
          .coalesce(
            selectFrom("checkpoint as c")
              .select(({ fn }) => fn.max("c.sizeBytes").as("largest"))
              .whereRef("c.runId", "=", "run.id"),
            val(0),
          )
          .as("checkpointBytes"),
      ])
      .where("state", "=", "PAUSED")
      .where("waitsForDisk", "=", true)
      .orderBy("queueOrder")
      .execute();
  }

  /**
   * Puts a run that waited for room on the disk back into the queue; does nothing for other runs. A run that fails
   * again and again without saving a checkpoint stays PAUSED until a user resumes it.
   */
  async continueWithDisk(runId: string, at: Date): Promise<void> {
    await this.database.transaction(async (transaction) => {
      const row = await transaction.kysely
        .selectFrom("run")
        .select(["attempt", "fruitlessAttempts"])
        .where("id", "=", runId)
        .where("state", "=", "PAUSED")
        .where("waitsForDisk", "=", true)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined) return;
      if (row.fruitlessAttempts >= MAX_FRUITLESS_ATTEMPTS) {
        await transaction.prisma.run.updateMany({
          where: { id: runId },
          data: { waitsForDisk: false, fruitlessAttempts: 0 },
        });
        const message =
          `The disk seems to have room, but the run could not save anything ${row.fruitlessAttempts} times in a row. It stays ` +
          "paused: resume it once its files can be written.";
        await this.events.append(
          transaction,
          runId,
          { kind: "RunWarning", code: "DISK_WAIT_ENDED", message },
          at,
        );
        return;
      }
      const change = { runId, attempt: row.attempt, from: "PAUSED", to: "QUEUED" } as const;
      await this.states.change(
        transaction,
        { ...change, reason: null, detail: "The disk has room again." },
        at,
      );
      await this.database.notifier.notify("queue", transaction);
    });
  }

  async #interrupt(
    transaction: Transaction,
    attempt: RunAttempt,
    { detail, countsAsFailure, trainingSeconds, crashed = false }: Interruption,
    at: Date,
  ): Promise<void> {
    const run = await this.#lock(transaction, attempt);
    if (trainingSeconds !== undefined) {
      await transaction.prisma.run.updateMany({ where: { id: attempt.runId }, data: { trainingSeconds } });
    }
    const interrupted = { ...attempt, from: run.state, to: "INTERRUPTED", reason: null, detail } as const;
    await this.states.change(transaction, interrupted, at);

    const next = { ...attempt, from: "INTERRUPTED", detail: null } as const;
    const halved = crashed && (await this.#halveMicroBatches(transaction, attempt.runId, run, at));
    if (run.stopRequested === "CANCEL") {
      await this.states.change(transaction, { ...next, to: "CANCELLED", reason: "CANCELLED" }, at);
    } else if (countsAsFailure && !halved && run.fruitlessAttempts >= MAX_FRUITLESS_ATTEMPTS) {
      const exhausted = `Interrupted ${run.fruitlessAttempts} times in a row before anything new was saved; the last time: ${detail}`;
      const end = { ...next, to: "FAILED", reason: "ATTEMPTS_EXHAUSTED", detail: exhausted } as const;
      await this.states.change(transaction, end, at);
    } else if (run.stopRequested === "PAUSE") {
      await this.states.change(transaction, { ...next, to: "PAUSED", reason: null }, at);
    } else {
      await this.states.change(transaction, { ...next, to: "QUEUED", reason: null }, at);
      if (!countsAsFailure || halved) {
        await transaction.kysely
          .updateTable("run")
          .set("fruitlessAttempts", ({ eb, fn, val }) =>
            fn<number>("greatest", [eb("fruitlessAttempts", "-", 1), val(0)]),
          )
          .where("id", "=", attempt.runId)
          .execute();
      }
    }
    await this.database.notifier.notify("queue", transaction);
  }

  /**
   * Most kernels of TensorFlow end the process when memory runs out. So a run that crashed before it had finished a step is
   * repeated with micro-batches of half the size.
   *
   * @returns false when it crashed later, or micro-batches cannot be smaller
   */
  async #halveMicroBatches(
    transaction: Transaction,
    runId: string,
    run: LockedRun,
    at: Date,
  ): Promise<boolean> {
    const { environment } = run;
    if (environment === null || environment.partSize === 1) return false;
    if (run.state !== "RUNNING" || run.hasStepped) return false;
    const before = environment.partSize;
    const partSize = Math.ceil(before / 2);
    await transaction.kysely
      .updateTable("run")
      .set({ environment: encodeJson({ ...environment, partSize }) })
      .where("id", "=", runId)
      .execute();
    const message =
      `The process crashed in its first step, most likely because a micro-batch of ${before} images did not fit into memory. ` +
      `The run continues from its last checkpoint with micro-batches of ${partSize}, whose gradients are accumulated over ` +
      `the same batch. ${ACCUMULATION_EFFECT}`;
    await this.events.append(transaction, runId, { kind: "RunWarning", code: "BATCH_HALVED", message }, at);
    return true;
  }

  async #isStillExpired(
    transaction: Transaction,
    runId: string,
    leaseSeconds: number | null,
  ): Promise<boolean> {
    const row = await transaction.kysely
      .selectFrom("run")
      .select((run) => hasExpired(run, leaseSeconds).as("expired"))
      .where("id", "=", runId)
      .forUpdate()
      .executeTakeFirst();
    return row?.expired ?? false;
  }

  async #lock(transaction: Transaction, attempt: RunAttempt): Promise<LockedRun> {
    const row = await transaction.kysely
      .selectFrom("run")
      .select(["state", "stopRequested", "fruitlessAttempts", "environment", "progress"])
      .where("id", "=", attempt.runId)
      .where("attempt", "=", attempt.attempt)
      .where("state", "in", ACTIVE_STATES)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined || !isActive(row.state)) throw new AttemptReplaced(attempt);
    return {
      ...row,
      state: row.state,
      environment: readRunEnvironment(row.environment),
      hasStepped: (decodeProgress(row.progress)?.loss ?? null) !== null,
    };
  }
}

interface LockedRun {
  readonly state: ActiveState;
  readonly stopRequested: StopRequest | null;
  readonly fruitlessAttempts: number;
  readonly environment: RunEnvironment | null;
  /** Whether this attempt has reported a step. */
  readonly hasStepped: boolean;
}

/** Runs that were claimed before leases existed have none. */
function hasExpired(
  { eb, ref, fn, or }: ExpressionBuilder<Tables, "run">,
  leaseSeconds: number | null,
): AliasableExpression<boolean> {
  if (leaseSeconds === null) return sql<boolean>`false`;
  const serverStart = sql<Date>`pg_postmaster_start_time() + make_interval(secs => ${leaseSeconds})`;
  const heldUntil = fn<Date>("greatest", [ref("leaseExpiresAt"), serverStart]);
  return or([eb("leaseExpiresAt", "is", null), eb(heldUntil, "<", sql<Date>`now()`)]).$castTo<boolean>();
}

function detailOf(dead: boolean): string {
  return dead
    ? "The process that trained it ended."
    : "The worker that trained it was not heard of any more.";
}

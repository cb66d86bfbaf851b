import { type RawBuilder, sql } from "kysely";
import { ACTIVE_STATES } from "../../core/runs/state.js";
import type { Database } from "../../db/database.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN_FIELDS, runRecordOf } from "../record/run-row.js";
import { reportedTrainingTime } from "../record/training-time.js";
import { AttemptReplaced, type RunAttempt } from "./attempt.js";
import type { RunStateStore } from "./state-store.js";

/** A request that a running run carries out before its next step. */
export type StopRequest = "CANCEL" | "PAUSE";

/** A worker's claim on what it has taken. */
export interface Lease {
  readonly workerId: string;
  readonly device: string;
  /** How long it holds without being renewed. */
  readonly seconds: number;
}

/** Lock of a claim. When two workers claim at once, one waits, so that limits count the run that the other took. */
const CLAIM_LOCK = 4_171_020;

/**
 * The queue of runs: the runs that are QUEUED, by priority and then in the order of their launch. There is no separate
 * table that could disagree, so launching, claiming, fencing and ending are one transaction each.
 */
export class RunQueueStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
  ) {}

  /**
   * Takes the first run off the queue that may start now: the device has no active run, and the limit of its experiment
   * is not reached. Sets the run to PREPARING.
   *
   * @returns null when there is none
   */
  async claim(lease: Lease, at: Date): Promise<RunRecord | null> {
    return this.database.transaction(async (transaction) => {
      const { kysely } = transaction;
      await sql`select pg_advisory_xact_lock(${CLAIM_LOCK})`.execute(kysely);
      const first = await kysely
        .selectFrom("run as r")
        .innerJoin("experiment as e", "e.id", "r.experimentId")
        .select(["r.id as runId", "r.attempt"])
        .where("r.state", "=", "QUEUED")
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom("run as busy").where("busy.device", "=", lease.device))),
        )
        .where(({ eb, or, selectFrom }) =>
          or([
            eb("e.maxActiveRuns", "is", null),
            eb(
              "e.maxActiveRuns",
              ">",
              selectFrom("run as active")
                .select(({ fn }) => fn.countAll<number>().as("count"))
                .whereRef("active.experimentId", "=", "e.id")
                .where("active.state", "in", ACTIVE_STATES),
            ),
          ]),
        )
        .orderBy("r.priority", "desc")
        .orderBy("r.queueOrder")
        .limit(1)
        .forUpdate("r")
        .skipLocked()
        .executeTakeFirst();
      if (first === undefined) return null;
      await this.states.change(
        transaction,
        { ...first, from: "QUEUED", to: "PREPARING", reason: null, detail: null },
        at,
      );
      const row = await kysely
        .updateTable("run")
        .set({ device: lease.device, workerId: lease.workerId, leaseExpiresAt: leaseEnd(lease.seconds) })
        .set("fruitlessAttempts", ({ eb }) => eb("fruitlessAttempts", "+", 1))
        .where("id", "=", first.runId)
        .returning(RUN_FIELDS)
        .executeTakeFirst();
      return row === undefined ? null : runRecordOf(row);
    });
  }

  /**
   * Renews the lease of a worker.
   *
   * @param trainingSeconds time that trainers have spent on the run; null leaves it as it was reported before
   * @returns what the run was asked to do
   * @throws AttemptReplaced
   */
  async renew(
    attempt: RunAttempt,
    { seconds }: Lease,
    trainingSeconds: number | null = null,
  ): Promise<StopRequest | null> {
    const row = await this.database.kysely
      .updateTable("run")
      .set({ leaseExpiresAt: leaseEnd(seconds) })
      .$if(trainingSeconds !== null, (query) => query.set(reportedTrainingTime(trainingSeconds ?? 0)))
      .where("id", "=", attempt.runId)
      .where("attempt", "=", attempt.attempt)
      .where("state", "in", ACTIVE_STATES)
      .returning("stopRequested")
      .executeTakeFirst();
    if (row === undefined) throw new AttemptReplaced(attempt);
    return row.stopRequested;
  }

  /** Calls `wake` when the queue may have changed. @returns a function that stops it */
  onChange(wake: () => void): () => void {
    return this.database.notifier.on("queue", wake);
  }

  /** Calls `wake` when the run may have been asked to stop. @returns a function that stops it */
  onStopRequest(runId: string, wake: () => void): () => void {
    return this.database.notifier.on(`stop:${runId}`, wake);
  }
}

function leaseEnd(seconds: number): RawBuilder<Date> {
  return sql<Date>`now() + make_interval(secs => ${seconds})`;
}

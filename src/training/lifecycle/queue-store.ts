import type { Database } from "../../db/database.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN_COLUMNS, type RunRow, runRecordOf } from "../record/run-row.js";
import { AttemptReplaced, type RunAttempt } from "./attempt.js";
import type { RunStateStore } from "./state-store.js";

/** What someone asked a run at work to do before its next step. */
export type StopRequest = "CANCEL" | "PAUSE";

/** A worker's claim on what it has taken. */
export interface Lease {
  readonly workerId: string;
  readonly device: string;
  /** How long it holds without being renewed. */
  readonly seconds: number;
}

/** Of two workers that claim at once, one waits: limits count what the other took. */
const CLAIM_LOCK = 4_171_020;

/**
 * The queue of runs, which is the runs that are QUEUED, by priority and then in the order of their launch. Rows of
 * their own would be a second truth: so launching, taking, fencing and ending are one transaction each.
 */
export class RunQueueStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
  ) {}

  /**
   * Takes the first run off the queue that may start now: nothing else is at work on the device, and its
   * experiment's limit is not reached. The run is PREPARING then.
   *
   * @returns null when there is none
   */
  async claim(lease: Lease, at: Date): Promise<RunRecord | null> {
    return this.database.transaction(async (client) => {
      await client.query(`select pg_advisory_xact_lock($1)`, [CLAIM_LOCK]);
      const queued = await client.query<RunAttempt>(
        `select r.id as "runId", r.attempt from run r join experiment e on e.id = r.experiment_id
         where r.state = 'QUEUED' and not exists (select from run busy where busy.device = $1)
           and (e.max_active_runs is null or e.max_active_runs > (
             select count(*) from run active
             where active.experiment_id = e.id and active.state in ('PREPARING', 'RUNNING')))
         order by r.priority desc, r.queue_order limit 1 for update of r skip locked`,
        [lease.device],
      );
      const [first] = queued.rows;
      if (first === undefined) return null;
      await this.states.change(
        client,
        { ...first, from: "QUEUED", to: "PREPARING", reason: null, detail: null },
        at,
      );
      const { rows } = await client.query<RunRow>(
        `update run r set device = $2, worker_id = $3, fruitless_attempts = fruitless_attempts + 1,
           lease_expires_at = now() + make_interval(secs => $4)
         where r.id = $1 returning ${RUN_COLUMNS}`,
        [first.runId, lease.device, lease.workerId, lease.seconds],
      );
      const [row] = rows;
      return row === undefined ? null : runRecordOf(row);
    });
  }

  /**
   * The worker is alive: its lease begins anew.
   *
   * @returns what the run was asked to do
   * @throws AttemptReplaced
   */
  async renew(attempt: RunAttempt, { seconds }: Lease): Promise<StopRequest | null> {
    const { rows } = await this.database.pool.query<{ stopRequested: StopRequest | null }>(
      `update run set lease_expires_at = now() + make_interval(secs => $3)
       where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING')
       returning stop_requested as "stopRequested"`,
      [attempt.runId, attempt.attempt, seconds],
    );
    const [row] = rows;
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

import type pg from "pg";
import { AppError } from "../core/app-error.js";
import type { RunState } from "../core/enumerations.js";
import type { Database } from "../db/database.js";
import type { RunEventStore } from "./run-event-store.js";
import { checkStateChange, isTerminal, type StateChange } from "./run-state.js";

/** The only writer of a run's state. */
export class RunStateStore {
  constructor(
    private readonly database: Database,
    private readonly events: RunEventStore,
  ) {}

  /**
   * Changes the state and appends its event, both or neither. Progress is kept only by a state in
   * which there is some.
   *
   * @returns false, having changed nothing, when the run is not in `from` or is at another attempt
   */
  async change(client: pg.PoolClient, change: StateChange, at: Date): Promise<boolean> {
    checkStateChange(change);
    const { runId, attempt, from, to, reason, detail } = change;
    const { rowCount } = await client.query(
      `update run set
         state = $4::run_state, end_reason = $5::run_end_reason, end_detail = case when $8 then $6 end,
         started_at = case when $4 = 'PREPARING' then coalesce(started_at, $7) else started_at end,
         ended_at = case when $8 then $7 else null end,
         progress = case when $4 in ('PREPARING', 'RUNNING', 'PAUSED') then progress end
       where id = $1 and attempt = $2 and state = $3::run_state`,
      [runId, attempt, from, to, reason, detail, at, isTerminal(to)],
    );
    if (rowCount === 0) return false;
    await this.events.append(client, runId, { kind: "RunStateChanged", from, to, reason, detail }, at);
    return true;
  }

  /**
   * Ends a queued run at once; asks the trainer of a running one to end it at its next step.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_ALREADY_ENDED`
   */
  async requestCancel(runId: string, at: Date): Promise<void> {
    await this.database.transaction(async (client) => {
      // The lock keeps a trainer from claiming the run between reading its state and changing it.
      const { rows } = await client.query<{ state: RunState; attempt: number }>(
        `select state, attempt from run where id = $1 for update`,
        [runId],
      );
      const [run] = rows;
      if (run === undefined) {
        throw new AppError("RUN_NOT_FOUND", `There is no run with the id ${JSON.stringify(runId)}.`, {
          path: ["runId"],
        });
      }
      if (isTerminal(run.state)) {
        throw new AppError(
          "RUN_ALREADY_ENDED",
          `Only a run that has not ended can be cancelled. The run ${runId} is ${run.state}.`,
          { path: ["runId"] },
        );
      }
      if (run.state === "PREPARING" || run.state === "RUNNING") {
        await client.query(`update run set stop_requested = 'CANCEL' where id = $1`, [runId]);
        await this.database.notifier.notify(`cancel:${runId}`, client);
        return;
      }
      const { state: from, attempt } = run;
      await this.change(
        client,
        { runId, attempt, from, to: "CANCELLED", reason: "CANCELLED", detail: null },
        at,
      );
    });
  }
}

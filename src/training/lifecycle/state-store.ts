import {
  beginsAttempt,
  checkStateChange,
  isActive,
  isTerminal,
  type StateChange,
} from "../../core/run-state.js";
import type { Transaction } from "../../db/transaction.js";
import type { RunEventStore } from "../events/event-store.js";

/** The only writer of a run's state. */
export class RunStateStore {
  constructor(private readonly events: RunEventStore) {}

  /**
   * Changes the state and appends its event, both or neither. What belongs to a state goes with it: progress,
   * the worker and its device, what the run was asked to do, its end. A run that had ended and is queued again
   * goes to the end of the queue and may be interrupted as often as a new one.
   *
   * @returns false, having changed nothing, when the run is not in `from` or is at another attempt
   */
  async change(client: Transaction, change: StateChange, at: Date): Promise<boolean> {
    checkStateChange(change);
    const { runId, attempt, from, to, reason, detail } = change;
    const { rowCount } = await client.query(
      `update run set
         state = $4::run_state, end_reason = $5::run_end_reason, end_detail = case when $8 then $6 end,
         started_at = case when $4 = 'PREPARING' then coalesce(started_at, $7) else started_at end,
         ended_at = case when $8 then $7 else null end,
         progress = case when $4 in ('PREPARING', 'RUNNING', 'PAUSED') then progress end,
         device = case when $9 then device end,
         worker_id = case when $9 then worker_id end,
         lease_expires_at = case when $9 then lease_expires_at end,
         stop_requested = case when $9 then stop_requested end,
         waits_for_disk = waits_for_disk and $4 = 'PAUSED',
         attempt = case when $10 then attempt + 1 else attempt end,
         fruitless_attempts = case when $11 then 0 else fruitless_attempts end,
         queue_order = case when $11 then nextval(pg_get_serial_sequence('run', 'queue_order')) else queue_order end
       where id = $1 and attempt = $2 and state = $3::run_state`,
      [
        runId,
        attempt,
        from,
        to,
        reason,
        detail,
        at,
        isTerminal(to),
        isActive(to),
        beginsAttempt(change),
        isTerminal(from),
      ],
    );
    if (rowCount === 0) return false;
    await this.events.append(client, runId, { kind: "RunStateChanged", from, to, reason, detail }, at);
    return true;
  }
}

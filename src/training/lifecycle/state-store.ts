import { sql } from "kysely";
import {
  beginsAttempt,
  checkStateChange,
  hasProgress,
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
   * Changes the state and appends its event, both or neither. Columns that belong to a state change with it: the
   * progress, the worker and its device, the stop request, the end. A run that had ended and is queued again goes to
   * the end of the queue, and its count of fruitless attempts starts anew.
   *
   * @returns false, having changed nothing, when the run is not in `from` or is at another attempt
   */
  async change(transaction: Transaction, change: StateChange, at: Date): Promise<boolean> {
    checkStateChange(change);
    const { runId, attempt, from, to, reason, detail } = change;
    const { numUpdatedRows } = await transaction.kysely
      .updateTable("run")
      .set(({ eb, fn, val }) => ({
        state: to,
        endReason: reason,
        endDetail: isTerminal(to) ? detail : null,
        endedAt: isTerminal(to) ? at : null,
        ...(to === "PREPARING" && { startedAt: fn.coalesce("startedAt", val(at)) }),
        ...(!hasProgress(to) && { progress: null }),
        ...(!isActive(to) && { device: null, workerId: null, leaseExpiresAt: null, stopRequested: null }),
        ...(to !== "PAUSED" && { waitsForDisk: false }),
        ...(beginsAttempt(change) && { attempt: eb("attempt", "+", 1) }),
        // The column's default is the next number of its sequence.
        ...(isTerminal(from) && { fruitlessAttempts: 0, queueOrder: sql<number>`default` }),
      }))
      .where("id", "=", runId)
      .where("attempt", "=", attempt)
      .where("state", "=", from)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await this.events.append(transaction, runId, { kind: "RunStateChanged", from, to, reason, detail }, at);
    return true;
  }
}

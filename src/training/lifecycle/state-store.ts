import { sql } from "kysely";
import {
  beginsAttempt,
  checkStateChange,
  hasProgress,
  isActive,
  isTerminal,
  type StateChange,
} from "../../core/runs/state.js";
import type { Transaction } from "../../db/transaction.js";
import type { RunEventStore } from "../events/event-store.js";

/** The only writer of a run's state. */
export class RunStateStore {
  constructor(private readonly events: RunEventStore) {}

  /**
   * Changes the state and appends its event in one transaction. Columns that depend on the state change with it: the
   * progress, the worker and its device, the stop request, when its time was measured, the end. An ended run that is queued again goes to the end
   * of the queue, and its count of fruitless attempts starts at 0.
   *
   * @returns false, having changed nothing, when the run is not in `from` or is at another attempt
   */
  async change(transaction: Transaction, change: StateChange, at: Date): Promise<boolean> {
    checkStateChange(change);
    const { runId, attempt, from, to, reason, detail } = change;
    let update = transaction.kysely
      .updateTable("run")
      .set({ state: to, endReason: reason })
      .set(isTerminal(to) ? { endDetail: detail, endedAt: at } : { endDetail: null, endedAt: null })
      .where("id", "=", runId)
      .where("attempt", "=", attempt)
      .where("state", "=", from);
    if (to === "PREPARING") {
      update = update
        .set("startedAt", ({ fn, val }) => fn.coalesce("startedAt", val(at)))
        .set({ trainingSecondsAt: sql<Date>`now()` });
    }
    if (!hasProgress(to)) update = update.set({ progress: null });
    if (!isActive(to)) {
      update = update
        .set({ device: null, workerId: null, leaseExpiresAt: null, stopRequested: null })
        .set({ trainingSecondsAt: null });
    }
    if (to !== "PAUSED") update = update.set({ waitsForDisk: false });
    if (beginsAttempt(change)) update = update.set("attempt", ({ eb }) => eb("attempt", "+", 1));
    if (isTerminal(from)) {
      // The column's default is the next number of its sequence.
      update = update.set({ fruitlessAttempts: 0, queueOrder: sql<number>`default` });
    }
    const { numUpdatedRows } = await update.executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await this.events.append(transaction, runId, { kind: "RunStateChanged", from, to, reason, detail }, at);
    return true;
  }
}

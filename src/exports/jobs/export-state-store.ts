import type { Updateable } from "kysely";
import type { ExportState } from "../../core/enumerations.js";
import { checkExportStateChange, hasEnded } from "../../core/exports/state.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import type { Transaction } from "../../db/transaction.js";
import { exportKey } from "./export-row.js";

export interface ExportStateChange {
  readonly exportId: string;
  readonly from: ExportState;
  readonly to: ExportState;
}

/** The columns that change together with the state. */
type ResultColumns = Pick<
  Updateable<Tables["modelExport"]>,
  "sizeBytes" | "sha256" | "proof" | "writingSeconds" | "rejectionReasons" | "failureCode" | "failureMessage"
>;

/**
 * Changes the state of an export, and is the only one that does. Rings for its followers when the transaction commits.
 *
 * @returns false, having changed nothing, when the export is not in `from`
 */
export async function changeExportState(
  database: Pick<Database, "notifier">,
  transaction: Transaction,
  { exportId, from, to }: ExportStateChange,
  result: ResultColumns = {},
): Promise<boolean> {
  checkExportStateChange(from, to);
  const at = new Date();
  let update = transaction.kysely
    .updateTable("modelExport")
    .set({ state: to, ...result })
    .where("id", "=", exportId)
    .where("state", "=", from);
  if (to === "RUNNING") {
    update = update
      .set("startedAt", ({ fn, val }) => fn.coalesce("startedAt", val(at)))
      .set("attempts", ({ eb }) => eb("attempts", "+", 1));
  }
  // An export that is queued again keeps its progress, whose counter goes on.
  if (hasEnded(to)) update = update.set({ progress: null, finishedAt: at });
  const { numUpdatedRows } = await update.executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await database.notifier.notify(exportKey(exportId), transaction);
  return true;
}

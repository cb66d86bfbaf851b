import type { AppError } from "../../core/app-error.js";
import { encodeJson } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import { nextProgress } from "../../db/job-events.js";
import { Lease } from "../../db/lease.js";
import type { ExportOutcome, ExportStage } from "../attempt/job.js";
import { exportKey } from "./export-row.js";
import { changeExportState } from "./export-state-store.js";

/** The right to carry out one export; see `ExportStore.lease`. */
export class ExportLease implements AsyncDisposable {
  private constructor(
    private readonly database: Database,
    private readonly lease: Lease,
    private readonly exportId: string,
  ) {}

  /**
   * @returns null while another process has the lease
   * @throws AppError `DATABASE_UNREACHABLE`
   */
  static async take(database: Database, exportId: string): Promise<ExportLease | null> {
    const lease = await Lease.take(database, exportKey(exportId));
    return lease === null ? null : new ExportLease(database, lease, exportId);
  }

  /**
   * Begins an attempt, also when a process that died has left the export RUNNING.
   *
   * @returns false when the export has ended
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`, `DATABASE_CONFLICT`, as the others do
   */
  async begin(stage: ExportStage): Promise<boolean> {
    const { database, exportId } = this;
    return this.lease.transaction(async (transaction) => {
      await changeExportState(database, transaction, { exportId, from: "RUNNING", to: "QUEUED" });
      const began = await changeExportState(database, transaction, {
        exportId,
        from: "QUEUED",
        to: "RUNNING",
      });
      const progress = { stage, imagesDone: 0, imagesTotal: 0 };
      await transaction.kysely
        .updateTable("modelExport")
        .set("progress", ({ ref }) => nextProgress(ref("progress"), progress))
        .where("id", "=", exportId)
        .where("state", "=", "RUNNING")
        .execute();
      return began;
    });
  }

  /** Puts an export that a dead process has left RUNNING back into the queue. */
  async requeue(): Promise<void> {
    const { database, exportId } = this;
    await this.lease.transaction((transaction) =>
      changeExportState(database, transaction, { exportId, from: "RUNNING", to: "QUEUED" }),
    );
  }

  /**
   * Ends an export whose file is in place.
   *
   * @param rejectionReasons empty: it becomes READY, otherwise REJECTED
   * @returns false when it was cancelled in the meantime
   */
  async finish(outcome: ExportOutcome, rejectionReasons: readonly string[]): Promise<boolean> {
    const { database, exportId } = this;
    const { sizeBytes, sha256, writingSeconds, proof } = outcome;
    const to = rejectionReasons.length === 0 ? "READY" : "REJECTED";
    const result = {
      sizeBytes,
      sha256,
      writingSeconds,
      proof: encodeJson(proof),
      rejectionReasons: [...rejectionReasons],
    };
    return this.lease.transaction((transaction) =>
      changeExportState(database, transaction, { exportId, from: "RUNNING", to }, result),
    );
  }

  /** Ends an export that has no file. */
  async fail({ code, message }: AppError): Promise<void> {
    const { database, exportId } = this;
    await this.lease.transaction((transaction) =>
      changeExportState(
        database,
        transaction,
        { exportId, from: "RUNNING", to: "FAILED" },
        { failureCode: code, failureMessage: message },
      ),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lease[Symbol.asyncDispose]();
  }
}

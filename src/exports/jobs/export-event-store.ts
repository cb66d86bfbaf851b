import type { Database } from "../../db/database.js";
import { followJob, type JobEvent, type JobState, nextProgress } from "../../db/job-events.js";
import { exportNotFound } from "./export-not-found.js";
import type { ExportEvent, ExportProgressRecord } from "./export-records.js";
import { exportKey, type StoredProgress, storedProgress } from "./export-row.js";

/** The events of exports, read from their rows. */
export class ExportEventStore {
  constructor(private readonly database: Database) {}

  /**
   * Replays the events after the cursor, then follows. Ends after ExportFinished, or when `signal` aborts. Only the newest
   * progress is stored. Waits while the database is unreachable.
   *
   * @param after cursor of the last event seen; null replays from the beginning
   * @throws AppError `EXPORT_NOT_FOUND`, `CURSOR_INVALID`
   */
  async *follow(
    exportId: string,
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<ExportEvent, void> {
    const job = {
      notifier: this.database.notifier,
      key: exportKey(exportId),
      read: () => this.#read(exportId),
      eventName: "an export event",
    };
    for await (const event of followJob(job, after, signal)) yield exportEvent(exportId, event);
  }

  /** Replaces the progress of a RUNNING export, and counts it, so that a follower knows which one it has seen. */
  async recordProgress(exportId: string, progress: ExportProgressRecord): Promise<void> {
    const changed = await this.database.kysely
      .updateTable("modelExport")
      .set("progress", ({ ref }) => nextProgress(ref("progress"), progress))
      .where("id", "=", exportId)
      .where("state", "=", "RUNNING")
      .executeTakeFirst();
    if (changed.numUpdatedRows > 0n) await this.database.notifier.notify(exportKey(exportId));
  }

  async #read(exportId: string): Promise<JobState<StoredProgress>> {
    const row = await this.database.prisma.modelExport.findUnique({
      where: { id: exportId },
      select: { progress: true, finishedAt: true },
    });
    if (row === null) throw exportNotFound(exportId);
    return { finishedAt: row.finishedAt, progress: storedProgress(row) };
  }
}

function exportEvent(exportId: string, event: JobEvent<StoredProgress>): ExportEvent {
  const { sequence, cursor, at } = event;
  if (event.kind === "finished") return { kind: "ExportFinished", exportId, sequence, cursor, at };
  const { stage, imagesDone, imagesTotal } = event.progress;
  return { kind: "ExportProgress", exportId, sequence, cursor, at, stage, imagesDone, imagesTotal };
}

import { z } from "zod";
import type { ImportEvent } from "../../core/dataset-records.js";
import { parseStored, storedTime } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import { followJob, type JobEvent, type JobState, nextProgress } from "../../db/job-events.js";
import { versionNotFound } from "./dataset-import-store.js";
import { importKey } from "./import-lease-store.js";

/** The column `progress` of a dataset version, as `recordProgress` writes it. */
const IMPORT_PROGRESS = z.object({
  filesDone: z.number(),
  filesTotal: z.number().nullable(),
  counter: z.number(),
  at: storedTime,
});
type ImportProgress = z.infer<typeof IMPORT_PROGRESS>;

/** The events of imports, read from the rows of their versions. */
export class ImportEventStore {
  constructor(private readonly database: Database) {}

  /**
   * Replays the events after the cursor, then follows. Ends after ImportFinished, or when `signal` aborts. Only the
   * newest progress is stored. Waits while the database is unreachable.
   *
   * @param after cursor of the last event seen; null replays from the beginning
   * @throws AppError `DATASET_VERSION_NOT_FOUND`, `CURSOR_INVALID`
   */
  async *follow(
    versionId: string,
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<ImportEvent, void> {
    const job = {
      notifier: this.database.notifier,
      key: importKey(versionId),
      read: () => this.#read(versionId),
      eventName: "an import event",
    };
    for await (const event of followJob(job, after, signal)) yield importEvent(versionId, event);
  }

  /** Replaces the progress of an import, and counts it, so that a follower knows which one it has seen. */
  async recordProgress(versionId: string, filesDone: number, filesTotal: number | null): Promise<void> {
    const changed = await this.database.kysely
      .updateTable("datasetVersion")
      .set("progress", ({ ref }) => nextProgress(ref("progress"), { filesDone, filesTotal }))
      .where("id", "=", versionId)
      .where("status", "=", "IMPORTING")
      .executeTakeFirst();
    if (changed.numUpdatedRows > 0n) await this.database.notifier.notify(importKey(versionId));
  }

  async #read(versionId: string): Promise<JobState<ImportProgress>> {
    const version = await this.database.prisma.datasetVersion.findUnique({
      where: { id: versionId },
      select: { status: true, progress: true, finishedAt: true },
    });
    if (version === null) throw versionNotFound(versionId);
    const { status, progress, finishedAt } = version;
    return {
      finishedAt: status === "IMPORTING" ? null : (finishedAt ?? new Date(0)),
      progress: progress === null ? null : parseStored(IMPORT_PROGRESS, progress, "progress of an import"),
    };
  }
}

function importEvent(versionId: string, event: JobEvent<ImportProgress>): ImportEvent {
  const { sequence, cursor, at } = event;
  if (event.kind === "finished") return { kind: "ImportFinished", versionId, sequence, cursor, at };
  const { filesDone, filesTotal } = event.progress;
  return { kind: "ImportProgress", versionId, sequence, cursor, at, filesDone, filesTotal };
}

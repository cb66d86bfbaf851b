import { sql } from "kysely";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import type { ImportEvent } from "../../core/dataset-records.js";
import { parseStored, storedTime } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import { outlastingOutages } from "../../db/trouble/outage.js";
import { Doorbell } from "../../lang/doorbell.js";
import { versionNotFound } from "./dataset-import-store.js";
import { importKey } from "./import-lease-store.js";

/** Sequence of the only durable event. Progress, which replaces the one before, has 0 and a counter. */
const FINISHED = 1;

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
    let seen = parseCursor(after);
    const doorbell = new Doorbell();
    const unsubscribe = this.database.notifier.on(importKey(versionId), doorbell.ring);
    signal.addEventListener("abort", doorbell.ring);
    try {
      while (!signal.aborted) {
        const version = await this.#readUnlessAborted(versionId, signal);
        if (version === null) return;
        const { status, progress, finishedAt } = version;
        if (seen === "finished") return;
        if (status !== "IMPORTING") {
          yield {
            kind: "ImportFinished",
            versionId,
            sequence: FINISHED,
            cursor: String(FINISHED),
            at: finishedAt ?? new Date(0),
          };
          return;
        }
        if (progress !== null && progress.counter > seen) {
          seen = progress.counter;
          yield progressEvent(versionId, progress);
        }
        await doorbell.wait();
      }
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", doorbell.ring);
    }
  }

  /** Replaces the progress of an import, and counts it, so that a follower knows which one it has seen. */
  async recordProgress(versionId: string, filesDone: number, filesTotal: number | null): Promise<void> {
    const at = new Date().toISOString();
    const changed = await this.database.kysely
      .updateTable("datasetVersion")
      .set(
        "progress",
        ({ ref }) => sql`json_build_object('filesDone', ${filesDone}::int4, 'filesTotal', ${filesTotal}::int4,
          'at', ${at}::text, 'counter', coalesce((${ref("progress")} ->> 'counter')::int4, 0) + 1)`,
      )
      .where("id", "=", versionId)
      .where("status", "=", "IMPORTING")
      .executeTakeFirst();
    if (changed.numUpdatedRows > 0n) await this.database.notifier.notify(importKey(versionId));
  }

  /** Waits while the database is unreachable. @returns null when `signal` aborts */
  async #readUnlessAborted(versionId: string, signal: AbortSignal) {
    try {
      return await outlastingOutages(() => this.#read(versionId), signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  async #read(versionId: string) {
    const version = await this.database.prisma.datasetVersion.findUnique({
      where: { id: versionId },
      select: { status: true, progress: true, finishedAt: true },
    });
    if (version === null) throw versionNotFound(versionId);
    const { progress } = version;
    return {
      ...version,
      progress: progress === null ? null : parseStored(IMPORT_PROGRESS, progress, "progress of an import"),
    };
  }
}

function progressEvent(versionId: string, { counter, ...progress }: ImportProgress): ImportEvent {
  return { kind: "ImportProgress", versionId, sequence: 0, cursor: `0.${counter}`, ...progress };
}

/** The counter of the last progress seen, 0 for none. */
function parseCursor(after: string | null): number | "finished" {
  if (after === null) return 0;
  if (after === String(FINISHED)) return "finished";
  const counter = /^0\.(\d{1,10})$/.exec(after)?.[1];
  if (counter !== undefined) return Number(counter);
  throw new AppError(
    "CURSOR_INVALID",
    `A cursor must be one that an import event carried. Received ${JSON.stringify(after.slice(0, 100))}. ` +
      "Leave `after` out to start from the beginning.",
    { path: ["after"] },
  );
}

import { AppError } from "../../core/app-error.js";
import type { ImportEvent } from "../../core/dataset-records.js";
import type { DatasetVersionStatus } from "../../core/enumerations.js";
import type { Database } from "../../db/database.js";
import { Doorbell } from "../../lang/doorbell.js";
import { versionNotFound } from "./dataset-import-store.js";
import { importKey } from "./import-lease-store.js";

/** Sequence of the only durable event; progress, which is replaced all the time, has 0 and a counter. */
const FINISHED = 1;

interface ImportNow {
  readonly status: DatasetVersionStatus;
  readonly progress: ProgressRow | null;
  readonly finishedAt: Date | null;
}

interface ProgressRow {
  readonly filesDone: number;
  readonly filesTotal: number | null;
  readonly counter: number;
  readonly at: string;
}

/** What happens during imports, read from their rows. */
export class ImportEventStore {
  constructor(private readonly database: Database) {}

  /**
   * Replays what came after the cursor, then follows, and ends after ImportFinished, or when `signal`
   * aborts. Progress is kept as the newest only.
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
        const { status, progress, finishedAt } = await this.#read(versionId);
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

  async #read(versionId: string): Promise<ImportNow> {
    const { rows } = await this.database.pool.query<ImportNow>(
      `SELECT status, progress, finished_at AS "finishedAt" FROM dataset_version WHERE id = $1`,
      [versionId],
    );
    const [now] = rows;
    if (now === undefined) throw versionNotFound(versionId);
    return now;
  }
}

function progressEvent(versionId: string, { filesDone, filesTotal, counter, at }: ProgressRow): ImportEvent {
  const cursor = `0.${counter}`;
  return { kind: "ImportProgress", versionId, sequence: 0, cursor, at: new Date(at), filesDone, filesTotal };
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

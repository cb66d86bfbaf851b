import { AppError } from "../../core/app-error.js";
import type { RunState } from "../../core/enumerations.js";
import { runNotFound } from "../../core/run-not-found.js";
import type { Database } from "../../db/database.js";
import { checkControl } from "./control.js";

/** What a run that was deleted left outside of the database. */
export interface DeletedRun {
  readonly runId: string;
  /** Digests of the blobs with its predictions. */
  readonly predictions: readonly string[];
}

/** Deletes runs, and remembers what is left of them until it is gone as well. */
export class RunDeletionStore {
  constructor(private readonly database: Database) {}

  /**
   * Deletes the run with all that belongs to it, and remembers its files: both or neither.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `RUN_HAS_DEPENDENTS`
   */
  async delete(runId: string): Promise<DeletedRun> {
    return this.database.transaction(async (client) => {
      // The lock keeps a trainer from claiming the run, and a version from being made of it.
      const { rows } = await client.query<{ id: string; state: RunState }>(
        `select id, state from run where id = $1 for update`,
        [runId],
      );
      const [run] = rows;
      if (run === undefined) throw runNotFound(runId);
      checkControl("delete", run);
      const versions = await client.query<{ ref: string }>(
        `select m.name || ':' || v.number as ref from model_version v join model m on m.id = v.model_id
         where v.run_id = $1 order by m.name, v.number`,
        [runId],
      );
      if (versions.rows.length > 0) {
        throw new AppError(
          "RUN_HAS_DEPENDENTS",
          "Only a run that no model version was made of can be deleted. These were made of the run " +
            `${runId}: ${versions.rows.map(({ ref }) => ref).join(", ")}.`,
          { path: ["runId"] },
        );
      }
      const { rows: deleted } = await client.query<DeletedRun>(
        `insert into deleted_run (run_id, predictions)
         select $1, coalesce(array_agg(distinct predictions_sha256), '{}') from evaluation where run_id = $1
         returning run_id as "runId", predictions`,
        [runId],
      );
      await client.query(`delete from run where id = $1`, [runId]);
      // Whoever follows it looks, and finds that it is gone; a run deleted from the queue moves those behind it up.
      await this.database.notifier.notify(`run:${runId}`, client);
      const [left] = deleted;
      if (left === undefined) throw new Error("Postgres returned no row for the deletion that it recorded.");
      return left;
    });
  }

  /** Every run that was deleted and may have left files. */
  async list(): Promise<readonly DeletedRun[]> {
    const { rows } = await this.database.pool.query<DeletedRun>(
      `select run_id as "runId", predictions from deleted_run order by deleted_at, run_id`,
    );
    return rows;
  }

  /** Nothing is left of the run. */
  async forget(runId: string): Promise<void> {
    await this.database.pool.query(`delete from deleted_run where run_id = $1`, [runId]);
  }
}

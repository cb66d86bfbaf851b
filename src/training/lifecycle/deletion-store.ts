import { AppError } from "../../core/app-error.js";
import { runNotFound } from "../../core/runs/not-found.js";
import type { Database } from "../../db/database.js";
import { checkControl } from "./control.js";

/** References to the files that a deleted run left outside of the database. */
export interface DeletedRun {
  readonly runId: string;
  /** Digests of the blobs with its predictions. */
  readonly predictions: readonly string[];
}

const DELETED_RUN = { runId: true, predictions: true } as const;

/** Deletes runs, and keeps a list of their files until these are removed as well. */
export class RunDeletionStore {
  constructor(private readonly database: Database) {}

  /**
   * Deletes the rows of the run and records its files in one transaction.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `RUN_HAS_DEPENDENTS`
   */
  async delete(runId: string): Promise<DeletedRun> {
    return this.database.transaction(async (transaction) => {
      const { prisma, kysely } = transaction;
      // The lock keeps a trainer from claiming the run, and a model version from being registered.
      const run = await kysely
        .selectFrom("run")
        .select(["id", "state"])
        .where("id", "=", runId)
        .forUpdate()
        .executeTakeFirst();
      if (run === undefined) throw runNotFound(runId);
      checkControl("delete", run);
      const versions = await prisma.modelVersion.findMany({
        where: { runId },
        select: { number: true, model: { select: { name: true } } },
        orderBy: [{ model: { name: "asc" } }, { number: "asc" }],
      });
      if (versions.length > 0) {
        const refs = versions.map(({ model, number }) => `${model.name}:${number}`);
        throw new AppError(
          "RUN_HAS_DEPENDENTS",
          `The run ${runId} cannot be deleted, because model versions were registered from it: ${refs.join(", ")}.`,
          { path: ["runId"] },
        );
      }
      const evaluations = await prisma.evaluation.findMany({
        where: { runId },
        distinct: ["predictionsSha256"],
        select: { predictionsSha256: true },
      });
      const predictions = evaluations.map(({ predictionsSha256 }) => predictionsSha256);
      const deleted = await prisma.deletedRun.create({ data: { runId, predictions }, select: DELETED_RUN });
      await prisma.run.deleteMany({ where: { id: runId } });
      // Followers of the run find that it is gone. Deleting a queued run moves those behind it up.
      await this.database.notifier.notify(`run:${runId}`, transaction);
      return deleted;
    });
  }

  /** Every run that was deleted and may have left files. */
  list(): Promise<readonly DeletedRun[]> {
    return this.database.prisma.deletedRun.findMany({
      select: DELETED_RUN,
      orderBy: [{ deletedAt: "asc" }, { runId: "asc" }],
    });
  }

  /** Records that all files of the run are removed. */
  async forget(runId: string): Promise<void> {
    await this.database.prisma.deletedRun.deleteMany({ where: { runId } });
  }
}

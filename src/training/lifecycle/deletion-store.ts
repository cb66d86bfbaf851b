import { AppError } from "../../core/app-error.js";
import { runNotFound } from "../../core/run-not-found.js";
import type { Database } from "../../db/database.js";
import { checkControl } from "./control.js";

/** References to the files that a deleted run left outside of the database. */
export interface DeletedRun {
  readonly runId: string;
  /** Digests of the blobs with its predictions. */
  readonly predictions: readonly string[];
}

const DELETED_RUN = { runId: true, predictions: true } as const;

/** Deletes runs, and remembers what is left of them until it is gone as well. */
export class RunDeletionStore {
  constructor(private readonly database: Database) {}

  /**
   * Deletes the run with all that belongs to it, and remembers its files: both or neither.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_STATE_INVALID`, `RUN_HAS_DEPENDENTS`
   */
  async delete(runId: string): Promise<DeletedRun> {
    return this.database.transaction(async (transaction) => {
      const { prisma, kysely } = transaction;
      // The lock keeps a trainer from claiming the run, and a version from being made of it.
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
          `A run can only be deleted when no model version was made of it. Made of the run ${runId}: ${refs.join(", ")}.`,
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
      // Followers of the run look, and find that it is gone. A run deleted from the queue moves those behind it up.
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

  /** Nothing is left of the run. */
  async forget(runId: string): Promise<void> {
    await this.database.prisma.deletedRun.deleteMany({ where: { runId } });
  }
}

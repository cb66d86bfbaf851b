import type { ConfusionMatrix } from "../../core/confusion-matrix.js";
import type { Split } from "../../core/enumerations.js";
import { anyOf } from "../../db/any-of.js";
import type { Database } from "../../db/database.js";
import { integerArray, readSentIntegers, sentIntegers } from "../../db/integer-array.js";
import type { Transaction } from "../../db/transaction.js";
import type { ArtifactStore } from "../record/artifact-store.js";
import { type EvaluationRecord, type NewEvaluation, predictionsName } from "./evaluation-records.js";

/** Evaluations of the best checkpoints of runs, one for each (run, split). */
export class EvaluationStore {
  constructor(
    private readonly database: Database,
    private readonly artifacts: ArtifactStore,
  ) {}

  /** All evaluations of each run, without confusion matrices. Runs without evaluations are left out. */
  async ofRuns(runIds: readonly string[]): Promise<readonly EvaluationRecord[]> {
    return this.database.kysely
      .selectFrom("evaluation")
      .select(["runId", "split", "epoch", "sampleCount", "loss", "top1", "top5"])
      .select(["expectedCalibrationError", "predictionsSha256"])
      .where("runId", "=", anyOf(runIds))
      .orderBy("runId")
      .orderBy("split")
      .execute();
  }

  /** Null when there is no such evaluation. */
  async confusion(runId: string, split: Split): Promise<ConfusionMatrix | null> {
    const row = await this.database.kysely
      .selectFrom("evaluation")
      .select(({ ref }) => sentIntegers(ref("confusionCells")).as("sent"))
      .where("runId", "=", runId)
      .where("split", "=", split)
      .executeTakeFirst();
    return row === undefined ? null : { cells: readSentIntegers(row.sent) };
  }

  /**
   * Adds an evaluation and the artifact of its predictions, or replaces those of another epoch, as a
   * part of the caller's transaction.
   *
   * @returns the digest of the predictions that were replaced; whether nothing names them any more
   *   `removeUnnamed` finds out
   */
  async record(
    transaction: Transaction,
    runId: string,
    evaluation: NewEvaluation,
    at: Date,
  ): Promise<string | null> {
    const { predictionsSizeBytes: sizeBytes, confusion, ...columns } = evaluation;
    const { split, predictionsSha256: sha256 } = columns;
    await lockPredictions(transaction, sha256);
    const replaced = await transaction.kysely
      .deleteFrom("evaluation")
      .where("runId", "=", runId)
      .where("split", "=", split)
      .returning("predictionsSha256")
      .executeTakeFirst();
    await transaction.kysely
      .insertInto("evaluation")
      .values({ runId, ...columns, confusionCells: integerArray(confusion.cells) })
      .execute();
    const artifact = { name: predictionsName(split), sizeBytes, sha256, file: null };
    await this.artifacts.record(transaction, runId, artifact, at);
    return replaced?.predictionsSha256 ?? null;
  }

  /**
   * Removes predictions, unless an evaluation names them. A concurrent recording of the same predictions waits, and
   * then finds that they are gone.
   */
  async removeUnnamed(predictionsSha256: string, remove: (sha256: string) => Promise<void>): Promise<void> {
    await this.database.transaction(async (transaction) => {
      await lockPredictions(transaction, predictionsSha256);
      // Equal runs have equal predictions, and so one blob.
      const names = await transaction.prisma.evaluation.findFirst({
        where: { predictionsSha256 },
        select: { runId: true },
      });
      if (names === null) await remove(predictionsSha256);
    });
  }

  /** Deletes the evaluations of checkpoints after an epoch, as a part of the caller's transaction. */
  async dropAfter(transaction: Transaction, runId: string, epoch: number): Promise<void> {
    const dropped = await transaction.kysely
      .deleteFrom("evaluation")
      .where("runId", "=", runId)
      .where("epoch", ">", epoch)
      .returning("split")
      .execute();
    for (const { split } of dropped) await this.artifacts.remove(transaction, runId, predictionsName(split));
  }
}

/** Locks these predictions until the end of the transaction, so that nothing else records or removes them. */
async function lockPredictions(transaction: Transaction, sha256: string): Promise<void> {
  await transaction.lock(`predictions ${sha256}`);
}

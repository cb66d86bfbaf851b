import { type ExpressionBuilder, sql } from "kysely";
import type { ConfusionMatrix } from "../../core/confusion-matrix.js";
import type { Split } from "../../core/enumerations.js";
import { anyOf } from "../../db/any-of.js";
import type { Connection } from "../../db/connection.js";
import type { Database } from "../../db/database.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { integerArray, readSentIntegers, sentIntegers } from "../../db/integer-array.js";
import type { Transaction } from "../../db/transaction.js";
import type { ArtifactStore } from "../record/artifact-store.js";
import {
  EVALUATED_SPLITS,
  type EvaluationRecord,
  type NewEvaluation,
  predictionsName,
} from "./evaluation-records.js";

/** The columns of an EvaluationRecord in the table `evaluation as e`. */
const EVALUATION = [
  ...(["e.id", "e.runId", "e.split", "e.epoch", "e.sampleCount", "e.loss", "e.top1", "e.top5"] as const),
  ...(["e.expectedCalibrationError", "e.predictionsSha256"] as const),
] as const;

/**
 * Evaluations of checkpoints. Those of a run are of its best checkpoint, one for each split. Others are kept while a model
 * version names them.
 */
export class EvaluationStore {
  constructor(
    private readonly database: Database,
    private readonly artifacts: ArtifactStore,
  ) {}

  /**
   * All evaluations of each run's best checkpoint, without confusion matrices. Runs without evaluations are left out.
   */
  async ofRuns(runIds: readonly string[]): Promise<readonly EvaluationRecord[]> {
    return ofBestCheckpoints(this.database)
      .select(EVALUATION)
      .where("e.runId", "=", anyOf(runIds))
      .orderBy("e.runId")
      .orderBy("e.split")
      .execute();
  }

  /** In no particular order. */
  async find(ids: readonly number[]): Promise<readonly EvaluationRecord[]> {
    return this.database.kysely
      .selectFrom("evaluation as e")
      .select(EVALUATION)
      .where("e.id", "=", anyOf(ids))
      .execute();
  }

  /** Null when there is no such evaluation. */
  async confusion(id: number): Promise<ConfusionMatrix | null> {
    const row = await this.database.kysely
      .selectFrom("evaluation")
      .select(({ ref }) => sentIntegers(ref("confusionCells")).as("sent"))
      .where("id", "=", id)
      .executeTakeFirst();
    return row === undefined ? null : { cells: readSentIntegers(row.sent) };
  }

  /** Null when the run has no evaluation with these predictions. */
  async findEvaluated(
    runId: string,
    predictionsSha256: string,
  ): Promise<{ readonly split: Split; readonly datasetVersionId: string } | null> {
    const row = await this.database.kysely
      .selectFrom("evaluation as e")
      .innerJoin("run as r", "r.id", "e.runId")
      .select(["e.split", "r.datasetVersionId"])
      .where("e.runId", "=", runId)
      .where("e.predictionsSha256", "=", predictionsSha256)
      .limit(1)
      .executeTakeFirst();
    return row ?? null;
  }

  /**
   * Adds the evaluation of a run's best checkpoint and the artifact of its predictions, as a part of the caller's
   * transaction, which has recorded the checkpoint. Model versions of that checkpoint name the evaluation from then on.
   * Evaluations of other checkpoints are deleted unless they are needed. If the checkpoint is evaluated on the split
   * already, that evaluation stays.
   *
   * @returns digests of predictions that lost their evaluation; whether another evaluation names them `removeUnnamed`
   *   finds out
   */
  async record(
    transaction: Transaction,
    runId: string,
    evaluation: NewEvaluation,
    at: Date,
  ): Promise<readonly string[]> {
    const { predictionsSizeBytes: sizeBytes, confusion, ...columns } = evaluation;
    const { split, checkpointSha256, predictionsSha256: sha256 } = columns;
    await lockPredictions(transaction, sha256);
    const deleted = await transaction.kysely
      .deleteFrom("evaluation")
      .where("runId", "=", runId)
      .where("checkpointSha256", "is distinct from", checkpointSha256)
      .where(isUnneeded)
      .returning("predictionsSha256")
      .execute();
    await transaction.kysely
      .insertInto("evaluation")
      .values({ runId, ...columns, confusionCells: integerArray(confusion.cells) })
      .onConflict((conflict) => conflict.columns(["runId", "split", "checkpointSha256"]).doNothing())
      .execute();
    const kept = await transaction.kysely
      .selectFrom("evaluation")
      .select(["id", "predictionsSha256"])
      .where("runId", "=", runId)
      .where("split", "=", split)
      .where("checkpointSha256", "=", checkpointSha256)
      .executeTakeFirstOrThrow();
    await nameInVersions(transaction, runId, evaluation, kept.id);
    await this.#removeStaleArtifacts(transaction, runId);
    const unnamed = deleted.map(({ predictionsSha256 }) => predictionsSha256);
    if (kept.predictionsSha256 !== sha256) return [...unnamed, sha256];
    const artifact = { name: predictionsName(split), sizeBytes, sha256, file: null };
    await this.artifacts.record(transaction, runId, artifact, at);
    return unnamed;
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

  /**
   * Deletes the evaluations of checkpoints after an epoch unless they are needed, as a part of the caller's transaction,
   * which has deleted the checkpoints.
   *
   * @returns as `record` does
   */
  async dropAfter(transaction: Transaction, runId: string, epoch: number): Promise<readonly string[]> {
    const deleted = await transaction.kysely
      .deleteFrom("evaluation")
      .where("runId", "=", runId)
      .where("epoch", ">", epoch)
      .where(isUnneeded)
      .returning("predictionsSha256")
      .execute();
    await this.#removeStaleArtifacts(transaction, runId);
    return deleted.map(({ predictionsSha256 }) => predictionsSha256);
  }

  /** Removes the artifacts with predictions of checkpoints that are not the run's best any more. */
  async #removeStaleArtifacts(transaction: Transaction, runId: string): Promise<void> {
    const current = await ofBestCheckpoints(transaction)
      .select("e.split")
      .where("e.runId", "=", runId)
      .execute();
    for (const split of EVALUATED_SPLITS) {
      if (current.some((evaluation) => evaluation.split === split)) continue;
      await this.artifacts.remove(transaction, runId, predictionsName(split));
    }
  }
}

function ofBestCheckpoints({ kysely }: Pick<Connection, "kysely">) {
  return kysely
    .selectFrom("evaluation as e")
    .innerJoin("checkpoint as c", (join) =>
      join
        .onRef("c.runId", "=", "e.runId")
        .onRef("c.sha256", "=", "e.checkpointSha256")
        .on("c.best", "=", true),
    );
}

/** The condition on a row of `evaluation` that no model version names it, and no registration is about to. */
function isUnneeded({ and, eb, exists, not, or, selectFrom }: ExpressionBuilder<Tables, "evaluation">) {
  return and([
    or([eb("heldUntil", "is", null), eb("heldUntil", "<=", sql<Date>`now()`)]),
    not(
      exists(
        selectFrom("modelVersion as v")
          .select("v.id")
          .whereRef("v.runId", "=", "evaluation.runId")
          .where(({ or, eb, ref }) =>
            or([
              eb("v.validationEvaluationId", "=", ref("evaluation.id")),
              eb("v.testEvaluationId", "=", ref("evaluation.id")),
            ]),
          ),
      ),
    ),
  ]);
}

/** Completes the model versions of a checkpoint that was registered before it was evaluated on the split. */
async function nameInVersions(
  { kysely }: Transaction,
  runId: string,
  { split, checkpointSha256 }: NewEvaluation,
  id: number,
): Promise<void> {
  const column = split === "TEST" ? "testEvaluationId" : "validationEvaluationId";
  await kysely
    .updateTable("modelVersion")
    .set({ [column]: id })
    .where("runId", "=", runId)
    .where("checkpointSha256", "=", checkpointSha256)
    .where(column, "is", null)
    .execute();
}

/** Locks these predictions until the end of the transaction, so that nothing else records or removes them. */
async function lockPredictions(transaction: Transaction, sha256: string): Promise<void> {
  await transaction.lock(`predictions ${sha256}`);
}

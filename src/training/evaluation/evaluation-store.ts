import type { Split } from "../../core/enumerations.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { ArtifactStore } from "../record/artifact-store.js";
import {
  type EvaluatedSplit,
  type EvaluationRecord,
  type NewEvaluation,
  predictionsName,
} from "./evaluation-records.js";

/** How the best checkpoints of runs do, one evaluation for each (run, split). */
export class EvaluationStore {
  constructor(
    private readonly database: Database,
    private readonly artifacts: ArtifactStore,
  ) {}

  /** Every evaluation of each run, without confusion matrices; a run that has none is left out. */
  async ofRuns(runIds: readonly string[]): Promise<readonly EvaluationRecord[]> {
    const { rows } = await this.database.pool.query<EvaluationRecord>(
      `select run_id as "runId", split, epoch, sample_count as "sampleCount", loss, top1, top5,
         expected_calibration_error as "expectedCalibrationError", predictions_sha256 as "predictionsSha256"
       from evaluation where run_id = any($1) order by run_id, split`,
      [runIds],
    );
    return rows;
  }

  /** Samples by true class, then by predicted class; null when there is no such evaluation. */
  async confusion(runId: string, split: Split): Promise<Int32Array | null> {
    const { rows } = await this.database.pool.query<{ confusion: Buffer }>(
      // As bytes: a million numbers of 1,000 classes would take long to read as text.
      `select array_send(confusion) as confusion from evaluation where run_id = $1 and split = $2::split`,
      [runId, split],
    );
    const sent = rows[0]?.confusion;
    return sent === undefined ? null : readIntegers(sent);
  }

  /**
   * Adds an evaluation and the artifact of its predictions, or replaces those of another epoch, as a
   * part of the caller's transaction.
   *
   * @returns the digest of the predictions that were replaced; whether nothing names them any more
   *   `removeUnnamed` finds out
   */
  async record(
    client: Transaction,
    runId: string,
    evaluation: NewEvaluation,
    at: Date,
  ): Promise<string | null> {
    const { split, predictionsSha256: sha256, predictionsSizeBytes: sizeBytes } = evaluation;
    await lockPredictions(client, sha256);
    const { rows } = await client.query<{ sha256: string }>(
      `delete from evaluation where run_id = $1 and split = $2::split returning predictions_sha256 as sha256`,
      [runId, split],
    );
    await client.query(
      `insert into evaluation (run_id, split, epoch, sample_count, loss, top1, top5,
         expected_calibration_error, confusion, predictions_sha256)
       values ($1, $2::split, $3, $4, $5, $6, $7, $8, $9::int[], $10)`,
      [
        runId,
        split,
        evaluation.epoch,
        evaluation.sampleCount,
        evaluation.loss,
        evaluation.top1,
        evaluation.top5,
        evaluation.expectedCalibrationError,
        `{${evaluation.confusion.join(",")}}`,
        sha256,
      ],
    );
    const artifact = { name: predictionsName(split), sizeBytes, sha256, file: null };
    await this.artifacts.record(client, runId, artifact, at);
    return rows[0]?.sha256 ?? null;
  }

  /**
   * Removes predictions, unless an evaluation names them. One that is being recorded at this moment waits, and finds
   * out then that they are gone.
   */
  async removeUnnamed(predictionsSha256: string, remove: (sha256: string) => Promise<void>): Promise<void> {
    await this.database.transaction(async (client) => {
      await lockPredictions(client, predictionsSha256);
      if (!(await this.#isNamed(client, predictionsSha256))) await remove(predictionsSha256);
    });
  }

  /** Forgets evaluations of checkpoints after an epoch, as a part of the caller's transaction. */
  async dropAfter(client: Transaction, runId: string, epoch: number): Promise<void> {
    const { rows } = await client.query<{ split: EvaluatedSplit }>(
      `delete from evaluation where run_id = $1 and epoch > $2 returning split`,
      [runId, epoch],
    );
    for (const { split } of rows) await this.artifacts.remove(client, runId, predictionsName(split));
  }

  /** Equal runs have equal predictions, and so one blob. */
  async #isNamed(client: Transaction, predictionsSha256: string): Promise<boolean> {
    const { rows } = await client.query(`select from evaluation where predictions_sha256 = $1 limit 1`, [
      predictionsSha256,
    ]);
    return rows.length > 0;
  }
}

/** Until the end of the transaction, nobody else names or removes them. */
async function lockPredictions(client: Transaction, sha256: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended('predictions ' || $1, 0))`, [sha256]);
}

/** Dimensions, then a length before each number, all of four bytes and in network order. */
const ARRAY_HEADER_BYTES = 20;
const ITEM_BYTES = 8;

/** Reads what Postgres's `array_send` makes of a list of integers without nulls. */
function readIntegers(sent: Buffer): Int32Array {
  const count = Math.max(0, (sent.length - ARRAY_HEADER_BYTES) / ITEM_BYTES);
  return Int32Array.from({ length: count }, (_value, index) =>
    sent.readInt32BE(ARRAY_HEADER_BYTES + index * ITEM_BYTES + ITEM_BYTES / 2),
  );
}

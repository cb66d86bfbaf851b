import type { BlobStore } from "../../data/blobs/blob-store.js";
import { evaluatePredictions } from "./evaluate-predictions.js";
import type { NewEvaluation } from "./evaluation-records.js";
import type { Predictions } from "./predictions.js";
import { encodePredictions } from "./predictions-file.js";

/** Stores the predictions of a checkpoint and evaluates them. */
export class PredictionsKeeper {
  constructor(private readonly blobs: BlobStore) {}

  /** @returns the evaluation that a transaction has to record, which names the stored predictions */
  async keep(
    checkpoint: Pick<NewEvaluation, "split" | "epoch" | "checkpointSha256"> & { readonly classCount: number },
    predictions: Predictions,
  ): Promise<NewEvaluation> {
    const { classCount, ...evaluated } = checkpoint;
    const bytes = encodePredictions(predictions);
    return {
      ...evaluated,
      ...evaluatePredictions(predictions, classCount),
      predictionsSha256: await this.blobs.put(bytes),
      predictionsSizeBytes: bytes.length,
    };
  }

  /**
   * Stores the predictions again if they are gone once their evaluation is recorded. Equal runs have equal predictions and
   * share a blob, which another run may have removed before this run named it.
   */
  async ensureKept({ predictionsSha256 }: NewEvaluation, predictions: Predictions): Promise<void> {
    if (!(await this.blobs.has(predictionsSha256))) await this.blobs.put(encodePredictions(predictions));
  }

  /** Removes predictions that no evaluation names: see `EvaluationStore.removeUnnamed`. */
  async remove(sha256: string): Promise<void> {
    await this.blobs.remove(sha256);
  }
}

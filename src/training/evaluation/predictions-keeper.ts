import type { BlobStore } from "../../data/blob-store.js";
import { evaluatePredictions } from "./evaluate-predictions.js";
import type { EvaluatedSplit, NewEvaluation } from "./evaluation-records.js";
import type { Predictions } from "./predictions.js";
import { encodePredictions } from "./predictions-file.js";

/** Keeps the predictions of a checkpoint and says how good they are. */
export class PredictionsKeeper {
  constructor(private readonly blobs: BlobStore) {}

  /** @returns what a transaction has to record for the predictions to be found again */
  async keep(
    checkpoint: { readonly split: EvaluatedSplit; readonly epoch: number; readonly classCount: number },
    predictions: Predictions,
  ): Promise<NewEvaluation> {
    const { split, epoch, classCount } = checkpoint;
    const bytes = encodePredictions(predictions);
    return {
      split,
      epoch,
      ...evaluatePredictions(predictions, classCount),
      predictionsSha256: await this.blobs.put(bytes),
      predictionsSizeBytes: bytes.length,
    };
  }

  /** Removes predictions that no evaluation names any more. */
  async remove(sha256: string): Promise<void> {
    // Trainers of one blob store work one after another, so none is about to name the same predictions.
    await this.blobs.remove(sha256);
  }
}

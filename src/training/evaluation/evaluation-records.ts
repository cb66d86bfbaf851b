import type { Split } from "../../core/enumerations.js";
import type { EvaluationFigures } from "./evaluate-predictions.js";

/** The splits that a network does not learn from. Only they show how good it is. */
export type EvaluatedSplit = Exclude<Split, "TRAIN">;

/** An evaluation of the best checkpoint of a run on a split. */
export interface EvaluationRecord extends Omit<EvaluationFigures, "confusion"> {
  readonly runId: string;
  readonly split: Split;
  /** Epoch of the checkpoint. */
  readonly epoch: number;
  /** Digest of the blob with the predictions of all samples. */
  readonly predictionsSha256: string;
}

/** An evaluation to record. Its predictions are already stored in a blob. */
export interface NewEvaluation extends EvaluationFigures {
  readonly split: EvaluatedSplit;
  readonly epoch: number;
  readonly predictionsSha256: string;
  readonly predictionsSizeBytes: number;
}

/** The key of an evaluation among those of all runs. */
export interface EvaluationKey {
  readonly runId: string;
  readonly split: Split;
}

export function predictionsName(split: Split): string {
  return `predictions-${split.toLowerCase()}.npy`;
}

import type { Split } from "../../core/enumerations.js";
import type { EvaluationFigures } from "./evaluate-predictions.js";

/** The splits that a network has not learnt from, which alone tell how good it is. */
export type EvaluatedSplit = Exclude<Split, "TRAIN">;

/** How the best checkpoint of a run does on a split. */
export interface EvaluationRecord extends Omit<EvaluationFigures, "confusion"> {
  readonly runId: string;
  readonly split: Split;
  /** Of the checkpoint. */
  readonly epoch: number;
  /** Names the blob with the predictions of every sample. */
  readonly predictionsSha256: string;
}

/** What an attempt found out, its predictions safe in a blob already. */
export interface NewEvaluation extends EvaluationFigures {
  readonly split: EvaluatedSplit;
  readonly epoch: number;
  readonly predictionsSha256: string;
  readonly predictionsSizeBytes: number;
}

/** An evaluation's key among those of all runs. */
export interface EvaluationKey {
  readonly runId: string;
  readonly split: Split;
}

export function predictionsName(split: Split): string {
  return `predictions-${split.toLowerCase()}.npy`;
}

import type { Split } from "../../core/enumerations.js";
import type { EvaluationFigures } from "./evaluate-predictions.js";

/** The splits that a network does not learn from. Only they show how good it is. */
export const EVALUATED_SPLITS = ["VALIDATION", "TEST"] as const satisfies readonly Split[];
export type EvaluatedSplit = (typeof EVALUATED_SPLITS)[number];

/** An evaluation of a checkpoint on a split. It never changes. */
export interface EvaluationRecord extends Omit<EvaluationFigures, "confusion"> {
  readonly id: number;
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
  /** Digest of the checkpoint: two attempts may save different ones of the same epoch. */
  readonly checkpointSha256: string;
  readonly predictionsSha256: string;
  readonly predictionsSizeBytes: number;
}

export function predictionsName(split: Split): string {
  return `predictions-${split.toLowerCase()}.npy`;
}

export function predictionsCsvName(split: Split): string {
  return `predictions-${split.toLowerCase()}.csv`;
}

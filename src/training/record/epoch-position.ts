import { z } from "zod";
import { storedNumber } from "../../core/stored-json.js";

export const EPOCH_POSITION = z.object({
  /** Optimizer steps of the epoch that are done. */
  steps: z.number(),
  /** Sums over the samples of those steps. */
  lossSum: storedNumber,
  top1: z.number(),
  top5: z.number(),
});

/**
 * How far an unfinished epoch is, as a checkpoint inside it stores it. With the order of the epoch's samples, which
 * follows from seed and epoch, it is enough to continue the epoch.
 */
export type EpochPosition = Readonly<z.infer<typeof EPOCH_POSITION>>;

export const EPOCH_START: EpochPosition = { steps: 0, lossSum: 0, top1: 0, top5: 0 };

/** The position of training between two steps. */
export interface TrainingPosition {
  /** Epochs that are done. */
  readonly epochs: number;
  /** Optimizer steps taken. */
  readonly step: number;
  /** Used by the last step; 0 before the first. */
  readonly learningRate: number;
  /** In the epoch after those that are done. */
  readonly inEpoch: EpochPosition;
}

export const TRAINING_START: TrainingPosition = { epochs: 0, step: 0, learningRate: 0, inEpoch: EPOCH_START };

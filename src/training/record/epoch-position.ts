/**
 * How far an epoch is that was not finished, as a checkpoint inside it remembers. With the order of the epoch's
 * samples, which seed and epoch decide, this is all that it takes to go on.
 */
export interface EpochPosition {
  /** Optimiser steps of the epoch that are done. */
  readonly steps: number;
  /** Sums over the samples of those steps. */
  readonly lossSum: number;
  readonly top1: number;
  readonly top5: number;
}

export const EPOCH_START: EpochPosition = { steps: 0, lossSum: 0, top1: 0, top5: 0 };

/** Where training stands between two steps: what its next step continues. */
export interface TrainingPosition {
  /** Epochs that are done. */
  readonly epochs: number;
  /** Optimiser steps taken. */
  readonly step: number;
  /** Used by the last step; 0 before the first. */
  readonly learningRate: number;
  /** In the epoch after those that are done. */
  readonly inEpoch: EpochPosition;
}

export const TRAINING_START: TrainingPosition = { epochs: 0, step: 0, learningRate: 0, inEpoch: EPOCH_START };

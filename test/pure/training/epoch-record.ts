import type { EpochRecord } from "../../../src/core/run-events.js";

/** An epoch with ordinary figures, except for the given ones. */
export function epochRecord(figures: Partial<EpochRecord> = {}): EpochRecord {
  return {
    number: 1,
    trainLoss: 1,
    validationLoss: 1.5,
    trainTop1: 0.5,
    trainTop5: 0.9,
    validationTop1: 0.4,
    validationTop5: 0.8,
    learningRate: 0.001,
    imagesPerSecond: 100,
    seconds: 2,
    ...figures,
  };
}

import { measuredMetrics } from "../../../src/core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../../src/core/runs/events.js";

const ORDINARY = measuredMetrics({
  train: { loss: 1, top1: 0.5, top5: 0.9 },
  validation: { loss: 1.5, top1: 0.4, top5: 0.8 },
  learningRate: 0.001,
  imagesPerSecond: 100,
});

/** An epoch with ordinary figures, except for the given ones. */
export function epochRecord(figures: Partial<EpochRecord> = {}): EpochRecord {
  return { number: 1, ...ORDINARY, seconds: 2, ...figures };
}

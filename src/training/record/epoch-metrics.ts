import { METRIC_KEYS } from "../../core/metric-value.js";
import type { EpochRecord } from "../../core/run-events.js";

/** The metric of each key that every epoch records, and where an epoch's record holds it. */
export const EPOCH_METRICS: ReadonlyMap<string, (epoch: EpochRecord) => number> = new Map([
  [METRIC_KEYS.trainLoss, (epoch: EpochRecord) => epoch.trainLoss],
  [METRIC_KEYS.trainTop1, (epoch: EpochRecord) => epoch.trainTop1],
  [METRIC_KEYS.trainTop5, (epoch: EpochRecord) => epoch.trainTop5],
  [METRIC_KEYS.validationLoss, (epoch: EpochRecord) => epoch.validationLoss],
  [METRIC_KEYS.validationTop1, (epoch: EpochRecord) => epoch.validationTop1],
  [METRIC_KEYS.validationTop5, (epoch: EpochRecord) => epoch.validationTop5],
  [METRIC_KEYS.learningRate, (epoch: EpochRecord) => epoch.learningRate],
  [METRIC_KEYS.imagesPerSecond, (epoch: EpochRecord) => epoch.imagesPerSecond],
]);

/** A value measured at an optimiser step; it may be NaN or infinite. */
export interface MetricValueAt {
  readonly key: string;
  readonly step: number;
  readonly value: number;
}

/** One value of each metric, at the epoch's last step. */
export function epochMetricValues(epoch: EpochRecord, step: number): readonly MetricValueAt[] {
  return Array.from(EPOCH_METRICS, ([key, read]) => ({ key, step, value: read(epoch) }));
}

import type { MonitoredMetric } from "../../core/enumerations.js";
import { EPOCH_METRICS, type EpochMetricValues, lowerIsBetter } from "../../core/metrics/epoch-metrics.js";
import { monitoredMetric } from "../../core/metrics/monitored-metric.js";

/** The monitored value of an epoch, negated where lower is better, so that a higher score always is. */
export function scoreOf(epoch: EpochMetricValues, monitor: MonitoredMetric): number {
  const name = monitoredMetric(monitor);
  return lowerIsBetter(EPOCH_METRICS[name].key) ? -epoch[name] : epoch[name];
}

/** Largest rounding error of a difference, relative to the larger of the two values: four units in the last place. */
const ROUNDING = 4 * Number.EPSILON;

/**
 * Whether a score improves on the best one so far: it is higher, by at least `minDelta`. A gain of exactly `minDelta`
 * counts, although the difference of two floating-point numbers may be a little less than it: 0.3 - 0.2 < 0.1. So the
 * comparison allows for the rounding error of the difference. A score that is not finite never improves.
 */
export function improves(score: number, best: number | null, minDelta: number): boolean {
  if (!Number.isFinite(score)) return false;
  if (best === null) return true;
  const rounding = ROUNDING * Math.max(Math.abs(score), Math.abs(best));
  return score > best && score - best >= minDelta - rounding;
}

import type { MonitoredMetric } from "../../core/enumerations.js";
import {
  EPOCH_METRIC_NAMES,
  EPOCH_METRICS,
  type EpochMetricName,
  type EpochMetricValues,
  lowerIsBetter,
} from "../../core/metrics/epoch-metrics.js";

/** The metric of each word that the setting `monitor` takes. */
const MONITORED = new Map(
  EPOCH_METRIC_NAMES.flatMap((name): [MonitoredMetric, EpochMetricName][] => {
    const metric = EPOCH_METRICS[name];
    return "monitor" in metric ? [[metric.monitor, name]] : [];
  }),
);

/** The monitored value of an epoch, negated where lower is better, so that a higher score always is. */
export function scoreOf(epoch: EpochMetricValues, monitor: MonitoredMetric): number {
  const name = MONITORED.get(monitor);
  if (name === undefined) throw new Error(`No metric is monitored as ${monitor}.`);
  return lowerIsBetter(EPOCH_METRICS[name].key) ? -epoch[name] : epoch[name];
}

/** Whether a score improves on the best one so far. A score that is not finite never does. */
export function improves(score: number, best: number | null, minDelta: number): boolean {
  if (!Number.isFinite(score)) return false;
  return best === null || (score > best && score - best >= minDelta);
}

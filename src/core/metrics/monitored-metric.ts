import type { MonitoredMetric } from "../enumerations.js";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS, type EpochMetricName } from "./epoch-metrics.js";

/** The metric of each word that the setting `monitor` takes. */
const MONITORED: ReadonlyMap<MonitoredMetric, EpochMetricName> = new Map(
  EPOCH_METRIC_NAMES.flatMap((name): [MonitoredMetric, EpochMetricName][] => {
    const metric = EPOCH_METRICS[name];
    return "monitor" in metric ? [[metric.monitor, name]] : [];
  }),
);

/** The name of the metric that the setting `monitor` selects. */
export function monitoredMetric(monitor: MonitoredMetric): EpochMetricName {
  const name = MONITORED.get(monitor);
  if (name === undefined) throw new Error(`No metric is monitored as ${monitor}.`);
  return name;
}

/** The words of `monitor` whose values can differ between the epochs of a run with this number of classes. */
export function distinguishingMonitors(classCount: number): readonly MonitoredMetric[] {
  return [...MONITORED].flatMap(([monitor, name]) => {
    const metric = EPOCH_METRICS[name];
    return "minClasses" in metric && classCount < metric.minClasses ? [] : [monitor];
  });
}

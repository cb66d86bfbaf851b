import type { Metric } from "../../core/metrics/metric.js";

const DIRECTIONS = { lower: " Lower is better.", higher: " Higher is better.", neither: "" } as const;

/** The description of a metric's field: meaning, unit, better direction and key. */
export function describeMetric({ description, unit, better, key }: Metric): string {
  const inUnit = unit === null ? "" : ` In ${unit}.`;
  return `${description}${inUnit}${DIRECTIONS[better ?? "neither"]} Key of the metric: "${key}".`;
}

import type { MetricValueKind } from "./enumerations.js";

/** The kind of number that a metric value is. Only FINITE values fit in a GraphQL Float or in JSON. */
export function metricValueKind(value: number): MetricValueKind {
  if (Number.isNaN(value)) return "NAN";
  if (value === Number.POSITIVE_INFINITY) return "POSITIVE_INFINITY";
  if (value === Number.NEGATIVE_INFINITY) return "NEGATIVE_INFINITY";
  return "FINITE";
}

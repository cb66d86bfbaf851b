import { z } from "zod";
import { isJsonObject } from "../../lang/json.js";
import { parseStored, storedNumber } from "../stored-json.js";
import { EPOCH_METRIC_NAMES, type EpochMetricName, type EpochMetricValues } from "./epoch-metrics.js";

const value = storedNumber.default(Number.NaN);

/** The metrics of an epoch as stored JSON. Metrics that are newer than the stored epoch become NaN. */
export const storedMetrics = z.object(
  Object.fromEntries(EPOCH_METRIC_NAMES.map((name) => [name, value])) as Readonly<
    Record<EpochMetricName, typeof value>
  >,
);

/**
 * Reads the same as `storedMetrics`, but without a schema, because a comparison reads thousands of epochs.
 *
 * @throws Error for anything that `storedMetrics` does not take either
 */
export function readStoredMetrics(json: unknown): EpochMetricValues {
  if (isComplete(json)) return json;
  const values: Partial<Record<EpochMetricName, number>> = {};
  for (const name of EPOCH_METRIC_NAMES) {
    const value = isJsonObject(json) ? numberOf(json[name]) : null;
    if (value === null) return parseStored(storedMetrics, json, "epoch");
    values[name] = value;
  }
  return values as EpochMetricValues;
}

/** Whether there is a number for each metric and nothing else, as there is unless a run diverged. */
function isComplete(json: unknown): json is EpochMetricValues {
  if (!isJsonObject(json)) return false;
  if (!EPOCH_METRIC_NAMES.every((name) => typeof json[name] === "number")) return false;
  let fields = 0;
  for (const _ in json) fields++; // Object.keys would make a list for each epoch.
  return fields === EPOCH_METRIC_NAMES.length;
}

/** Null for anything that `storedNumber` does not take. */
function numberOf(stored: unknown): number | null {
  if (typeof stored === "number") return stored;
  if (stored === undefined) return Number.NaN;
  return stored === "NaN" || stored === "Infinity" || stored === "-Infinity" ? Number(stored) : null;
}

import { z } from "zod";
import { storedNumber } from "../stored-json.js";
import { EPOCH_METRIC_NAMES, type EpochMetricName } from "./epoch-metrics.js";

const value = storedNumber.default(Number.NaN);

/** The metrics of an epoch as stored JSON. What an earlier version stored lacks newer metrics: they are NaN. */
export const storedMetrics = z.object(
  Object.fromEntries(EPOCH_METRIC_NAMES.map((name) => [name, value])) as Readonly<
    Record<EpochMetricName, typeof value>
  >,
);

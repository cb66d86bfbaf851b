import { z } from "zod";
import { storedNumber } from "../stored-json.js";
import { EPOCH_METRIC_NAMES, type EpochMetricName } from "./epoch-metrics.js";

const value = storedNumber.default(Number.NaN);

/** The metrics of an epoch as stored JSON. Metrics that are newer than the stored epoch become NaN. */
export const storedMetrics = z.object(
  Object.fromEntries(EPOCH_METRIC_NAMES.map((name) => [name, value])) as Readonly<
    Record<EpochMetricName, typeof value>
  >,
);

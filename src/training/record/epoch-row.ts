import type { Selectable } from "kysely";
import { readStoredMetrics } from "../../core/metrics/stored-metrics.js";
import type { EpochRecord } from "../../core/runs/events.js";
import type { Tables } from "../../db/generated/kysely/tables.js";

/** The columns of an EpochRecord. */
export const EPOCH_FIELDS = [
  "number",
  "metrics",
  "seconds",
] as const satisfies readonly (keyof Tables["epoch"])[];

type EpochRow = Pick<Selectable<Tables["epoch"]>, (typeof EPOCH_FIELDS)[number]>;

export function epochRecordOf({ number, metrics, seconds }: EpochRow): EpochRecord {
  return { number, ...readStoredMetrics(metrics), seconds };
}

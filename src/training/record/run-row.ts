import type { Selectable } from "kysely";
import type { RunConfiguration } from "../../core/run-configuration.js";
import type { RunEnvironment } from "../../core/run-events.js";
import { isActive } from "../../core/run-state.js";
import { readRunConfiguration } from "../../core/settings/stored-configuration.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { decodeProgress } from "../events/event-encoding.js";
import type { RunRecord } from "./run-records.js";

/** What `runRecordOf` takes, of a table named `r`. */
export const RUN_COLUMNS = `
  r.id, r.name, r.experiment_id as "experimentId", r.dataset_version_id as "datasetVersionId", r.state,
  r.end_reason as "endReason", r.end_detail as "endDetail", r.configuration,
  r.parameter_count::float8 as "parameterCount", r.environment, r.progress, r.attempt, r.priority,
  r.created_at as "createdAt", r.started_at as "startedAt", r.ended_at as "endedAt"`;

/** The columns of a RunRecord. */
export const RUN_FIELDS = [
  "id",
  "name",
  "experimentId",
  "datasetVersionId",
  "state",
  "endReason",
  "endDetail",
  "configuration",
  "parameterCount",
  "environment",
  "progress",
  "attempt",
  "priority",
  "createdAt",
  "startedAt",
  "endedAt",
] as const satisfies readonly (keyof Tables["run"])[];

/** A row as Kysely reads it, or Prisma Client, which reads BigInt columns as `bigint`. */
export type RunRow = Omit<Pick<Selectable<Tables["run"]>, (typeof RUN_FIELDS)[number]>, "parameterCount"> & {
  readonly parameterCount: number | bigint;
};

/**
 * The record of a row. Its configuration is read when it is used, and only then throws `CONFIGURATION_UNREADABLE`, so
 * that a run of a later version neither breaks a list of runs nor blocks the queue.
 */
export function runRecordOf(row: RunRow): RunRecord {
  const progress = isActive(row.state) || row.state === "PAUSED" ? decodeProgress(row.progress) : null;
  let configuration: RunConfiguration | undefined;
  return {
    ...row,
    get configuration() {
      configuration ??= readRunConfiguration(row.configuration);
      return configuration;
    },
    parameterCount: Number(row.parameterCount),
    environment: row.environment as RunEnvironment | null,
    progress: progress?.progress ?? null,
  };
}

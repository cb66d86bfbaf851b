import type { RunState } from "../../core/enumerations.js";
import type { RunConfiguration } from "../../core/run-configuration.js";
import type { RunEnvironment } from "../../core/run-events.js";
import { isActive } from "../../core/run-state.js";
import { decodeProgress } from "../events/event-encoding.js";
import type { RunRecord } from "./run-records.js";

/** What `runRecordOf` takes, of a table named `r`. */
export const RUN_COLUMNS = `
  r.id, r.name, r.experiment_id as "experimentId", r.dataset_version_id as "datasetVersionId", r.state,
  r.end_reason as "endReason", r.end_detail as "endDetail", r.configuration,
  r.parameter_count::float8 as "parameterCount", r.environment, r.progress, r.attempt, r.priority,
  r.created_at as "createdAt", r.started_at as "startedAt", r.ended_at as "endedAt"`;

/**
 * `configuration` and `environment` are taken as they are: the launcher and the trainer are
 * their only writers, and neither holds a number that JSON cannot.
 */
export interface RunRow extends Omit<RunRecord, "progress"> {
  readonly state: RunState;
  readonly configuration: RunConfiguration;
  readonly environment: RunEnvironment | null;
  readonly progress: unknown;
}

export function runRecordOf(row: RunRow): RunRecord {
  const progress = isActive(row.state) || row.state === "PAUSED" ? decodeProgress(row.progress) : null;
  return { ...row, progress: progress?.progress ?? null };
}

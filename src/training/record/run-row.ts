import type { Selectable } from "kysely";
import type { RunConfiguration } from "../../core/run-configuration.js";
import { RUN_ENVIRONMENT, type RunEnvironment } from "../../core/run-environment.js";
import { hasProgress } from "../../core/run-state.js";
import { readRunConfiguration } from "../../core/settings/stored-configuration.js";
import { parseStored } from "../../core/stored-json.js";
import type { Prisma } from "../../db/generated/client.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { decodeProgress } from "../events/event-encoding.js";
import type { RunRecord } from "./run-records.js";

/** The columns of a RunRecord, for `select` of Prisma Client. */
export const RUN = {
  id: true,
  name: true,
  experimentId: true,
  datasetVersionId: true,
  state: true,
  endReason: true,
  endDetail: true,
  configuration: true,
  parameterCount: true,
  environment: true,
  progress: true,
  attempt: true,
  priority: true,
  createdAt: true,
  startedAt: true,
  endedAt: true,
} as const satisfies Prisma.RunSelect;

/** The same for Kysely. */
export const RUN_FIELDS = Object.keys(RUN) as readonly (keyof typeof RUN)[];

/** A row as Kysely reads it, or Prisma Client, which reads BigInt columns as `bigint`. */
export type RunRow = Omit<Pick<Selectable<Tables["run"]>, keyof typeof RUN>, "parameterCount"> & {
  readonly parameterCount: number | bigint;
};

/**
 * The record of a row. Its configuration is read when it is used, and only then throws `CONFIGURATION_UNREADABLE`, so
 * that a run of a later version neither breaks a list of runs nor blocks the queue.
 */
export function runRecordOf(row: RunRow): RunRecord {
  const progress = hasProgress(row.state) ? decodeProgress(row.progress) : null;
  let configuration: RunConfiguration | undefined;
  return {
    ...row,
    get configuration() {
      configuration ??= readRunConfiguration(row.configuration);
      return configuration;
    },
    parameterCount: Number(row.parameterCount),
    environment: decodeEnvironment(row.environment),
    progress: progress?.progress ?? null,
  };
}

export function decodeEnvironment(json: unknown): RunEnvironment | null {
  return parseStored(RUN_ENVIRONMENT.nullable(), json, "environment of a run");
}

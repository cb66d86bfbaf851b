import type { Selectable } from "kysely";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import { type RunEnvironment, readRunEnvironment } from "../../core/runs/environment.js";
import type { RunProgress } from "../../core/runs/events.js";
import {
  type InitializationReport,
  readInitializationReport,
} from "../../core/runs/initialization-report.js";
import { type LayerWidths, readLayerWidths } from "../../core/runs/layer-widths.js";
import { hasProgress } from "../../core/runs/state.js";
import { readRunConfiguration } from "../../core/settings/stored-configuration.js";
import { Prisma } from "../../db/generated/client.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { decodeProgress } from "../events/event-encoding.js";

type RunColumn = Prisma.RunScalarFieldEnum;

/** The columns of the queue, of workers and of repeated requests, which are in no record. */
const BOOKKEEPING = [
  "fruitlessAttempts",
  "stopRequested",
  "waitsForDisk",
  "device",
  "workerId",
  "eventSequence",
  "queueOrder",
  "idempotencyKey",
  "idempotencyHash",
  // Long: attempts read it on their own.
  "keptChannels",
] as const satisfies readonly RunColumn[];

export type RunField = Exclude<RunColumn, (typeof BOOKKEEPING)[number]>;

/** The columns of a RunRecord, for Kysely. */
export const RUN_FIELDS = Object.values(Prisma.RunScalarFieldEnum).filter(
  (column): column is RunField => !(BOOKKEEPING as readonly RunColumn[]).includes(column),
);

/** The same for `select` of Prisma Client. */
export const RUN = Object.fromEntries(RUN_FIELDS.map((field) => [field, true])) as Readonly<
  Record<RunField, true>
>;

type Columns = Pick<Selectable<Tables["run"]>, RunField>;

/** A run as `prisma/schema.prisma` describes its columns, with the documents in them parsed. */
export interface RunRecord
  extends Readonly<
    Omit<Columns, "configuration" | "environment" | "initialization" | "layerWidths" | "progress">
  > {
  readonly configuration: RunConfiguration;
  /** Null before PREPARING. */
  readonly environment: RunEnvironment | null;
  /** Null when all weights started at random, while they are not known yet, and for runs of earlier versions. */
  readonly initialization: InitializationReport | null;
  /** Widths of a pruned network; null: those of the architecture, or its pruning is not decided yet. */
  readonly layerWidths: LayerWidths | null;
  /** Null unless PREPARING, RUNNING or PAUSED. While PREPARING, `epoch` is 0 and steps are packed images. */
  readonly progress: RunProgress | null;
}

/** A row as Kysely reads it, or Prisma Client, which reads BigInt columns as `bigint`. */
export type RunRow = Omit<Columns, "parameterCount"> & { readonly parameterCount: number | bigint };

/**
 * The documents of a row, which are read when they are used, and only then throw, so that a run of a later version neither
 * breaks a list of runs nor blocks the queue.
 *
 * A class, since V8 makes a shape for each evaluation of a literal with getters. Such a shape keeps the row alive until a
 * major collection, and lists of runs then collect garbage for three times as long.
 */
class RunDocuments {
  readonly #row: Pick<RunRow, "configuration" | "environment" | "initialization" | "layerWidths">;
  #configuration: RunConfiguration | undefined;
  #environment: RunEnvironment | null | undefined;
  #initialization: InitializationReport | null | undefined;
  #layerWidths: LayerWidths | null | undefined;

  constructor(row: RunRow) {
    this.#row = row;
  }

  get configuration(): RunConfiguration {
    this.#configuration ??= readRunConfiguration(this.#row.configuration);
    return this.#configuration;
  }

  get environment(): RunEnvironment | null {
    if (this.#environment === undefined) this.#environment = readRunEnvironment(this.#row.environment);
    return this.#environment;
  }

  get initialization(): InitializationReport | null {
    if (this.#initialization === undefined) {
      this.#initialization = readInitializationReport(this.#row.initialization);
    }
    return this.#initialization;
  }

  get layerWidths(): LayerWidths | null {
    if (this.#layerWidths === undefined) this.#layerWidths = readLayerWidths(this.#row.layerWidths);
    return this.#layerWidths;
  }
}

/** The record of a row. */
export function runRecordOf(row: RunRow): RunRecord {
  const { configuration: _1, environment: _2, initialization: _3, layerWidths: _4, ...columns } = row;
  const progress = hasProgress(row.state) ? decodeProgress(row.progress) : null;
  return Object.assign(new RunDocuments(row), columns, {
    parameterCount: Number(row.parameterCount),
    progress: progress?.progress ?? null,
  });
}

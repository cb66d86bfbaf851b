import { checkSameRequest, type Idempotency } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { InitializationReport } from "../../core/runs/initialization-report.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import type { Database } from "../../db/database.js";
import type { Prisma } from "../../db/generated/client.js";
import { prismaJson } from "../../db/prisma-json.js";
import type { RunEventStore } from "../events/event-store.js";
import type { ExperimentStore } from "../record/experiment-store.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN, type RunField, runRecordOf } from "../record/run-row.js";

/** The columns that the store sets, and those that change when the run has left the queue. */
type NotLaunched =
  | ("id" | "experimentId" | "configuration" | "initialization" | "layerWidths" | "createdAt")
  | ("state" | "endReason" | "endDetail" | "environment" | "progress" | "attempt" | "startedAt" | "endedAt")
  | ("trainingSeconds" | "trainingSecondsAt" | "leaseExpiresAt");

/** Columns that a launch sets. A column that is left out has its default. */
export interface NewRun extends Omit<Pick<Prisma.RunUncheckedCreateInput, RunField>, NotLaunched> {
  /** Name of an experiment, which is created when it is new. */
  readonly experiment: string;
  readonly configuration: RunConfiguration;
  readonly idempotency: Idempotency | null;
  /** Null where all weights start at random, or where the report follows when they are there. */
  readonly initialization: InitializationReport | null;
  /** Widths of a run that starts from a pruned version; null: those of the architecture, or its own pruning decides later. */
  readonly layerWidths: LayerWidths | null;
  /** Warnings about the configuration, for the owner of the run. */
  readonly warnings: readonly RunWarning[];
}

/** Puts new runs into the queue, behind those of their priority. */
export class RunLaunchStore {
  constructor(
    private readonly database: Database,
    private readonly experiments: ExperimentStore,
    private readonly events: RunEventStore,
  ) {}

  /**
   * The run that an earlier request with the key launched; null when there is none.
   *
   * @throws AppError `IDEMPOTENCY_KEY_REUSED`
   */
  async findLaunched(idempotency: Idempotency | null): Promise<RunRecord | null> {
    if (idempotency === null) return null;
    const row = await this.database.prisma.run.findUnique({
      where: { idempotencyKey: idempotency.key },
      select: { ...RUN, idempotencyHash: true },
    });
    if (row === null) return null;
    const { idempotencyHash, ...run } = row;
    checkSameRequest(idempotency, idempotencyHash);
    return runRecordOf(run);
  }

  /**
   * Queues the run with its first event and its warnings, and creates a new experiment, in one transaction.
   *
   * @returns null, having changed nothing, when the idempotency key was taken in the meantime
   */
  async insert(run: NewRun, at: Date): Promise<RunRecord | null> {
    return this.database.transaction(async (transaction) => {
      const { prisma } = transaction;
      // Before anything else: a request that lost the race waits here for the winner to commit.
      if (run.idempotency !== null) {
        const { key } = run.idempotency;
        await transaction.lock(key);
        if ((await prisma.run.count({ where: { idempotencyKey: key } })) > 0) return null;
      }
      const { experiment, configuration, initialization, layerWidths, idempotency, warnings, ...columns } =
        run;
      const { id: experimentId } = await this.experiments.ensure(transaction, experiment);
      const id = newId("run");
      const row = await prisma.run.create({
        data: {
          ...columns,
          id,
          experimentId,
          configuration: prismaJson(configuration),
          ...(initialization === null ? {} : { initialization: prismaJson(initialization) }),
          ...(layerWidths === null ? {} : { layerWidths: prismaJson(layerWidths) }),
          idempotencyKey: idempotency?.key ?? null,
          idempotencyHash: idempotency?.hash ?? null,
          createdAt: at,
        },
        select: RUN,
      });
      const body = {
        kind: "RunStateChanged",
        from: null,
        to: row.state,
        reason: null,
        detail: null,
      } as const;
      await this.events.append(transaction, id, body, at);
      if (initialization !== null) {
        await this.events.append(transaction, id, { kind: "WeightsInitialized", initialization }, at);
      }
      for (const warning of warnings) {
        await this.events.append(transaction, id, { kind: "RunWarning", ...warning }, at);
      }
      await this.database.notifier.notify("queue", transaction);
      return runRecordOf(row);
    });
  }
}

import { sql } from "kysely";
import { readStoredMetrics } from "../core/metrics/stored-metrics.js";
import { readRunEnvironment } from "../core/runs/environment.js";
import { readLayerWidths } from "../core/runs/layer-widths.js";
import { readRunConfiguration } from "../core/settings/stored-configuration.js";
import type { Database } from "../db/database.js";
import type { Transaction } from "../db/transaction.js";
import type { BestCheckpoint, TrainedRun } from "./model-records.js";

/** A registration has this time to export a checkpoint and to name its evaluations. */
const HOLD_MINUTES = 60;

/** Reads the part of a run that the registry needs, so that it does not depend on training. */
export class TrainedRunStore {
  constructor(private readonly database: Database) {}

  /**
   * Reads a run for the registration of its best checkpoint, whose evaluations are kept from now on, so that a better
   * checkpoint in the meantime does not replace them. Null when there is no such run.
   *
   * @throws AppError `CONFIGURATION_UNREADABLE`
   */
  hold(runId: string): Promise<TrainedRun | null> {
    return this.database.transaction((transaction) => this.#hold(transaction, runId));
  }

  async #hold(transaction: Transaction, runId: string): Promise<TrainedRun | null> {
    // The lock makes the writes of a trainer wait, so that all of this is about the same checkpoint.
    await transaction.kysely.selectFrom("run").select("id").where("id", "=", runId).forKeyShare().execute();
    const run = await transaction.prisma.run.findUnique({
      where: { id: runId },
      select: {
        id: true,
        configuration: true,
        environment: true,
        parameterCount: true,
        layerWidths: true,
        datasetVersion: {
          select: {
            id: true,
            number: true,
            hash: true,
            classNames: true,
            dataset: { select: { name: true } },
          },
        },
        checkpoints: {
          where: { best: true },
          orderBy: { epoch: "desc" },
          take: 1,
          select: { epoch: true, folder: true, sha256: true },
        },
      },
    });
    if (run === null) return null;
    const { datasetVersion: version, checkpoints } = run;
    const [best] = checkpoints;
    const environment = readRunEnvironment(run.environment);
    return {
      id: run.id,
      configuration: readRunConfiguration(run.configuration),
      precision: environment?.precision ?? "FLOAT32",
      parameterCount: Number(run.parameterCount),
      layerWidths: readLayerWidths(run.layerWidths),
      datasetVersionId: version.id,
      datasetRef: `${version.dataset.name}:${version.number}`,
      datasetHash: version.hash,
      classNames: version.classNames,
      bestCheckpoint: best === undefined ? null : await holdCheckpoint(transaction, runId, best),
    };
  }
}

async function holdCheckpoint(
  { kysely, prisma }: Transaction,
  runId: string,
  checkpoint: Omit<BestCheckpoint, "metrics">,
): Promise<BestCheckpoint> {
  await kysely
    .updateTable("evaluation")
    .set({ heldUntil: sql<Date>`now() + make_interval(mins => ${HOLD_MINUTES})` })
    .where("runId", "=", runId)
    .where("checkpointSha256", "=", checkpoint.sha256)
    .execute();
  const epoch = await prisma.epoch.findUnique({
    where: { runId_number: { runId, number: checkpoint.epoch } },
    select: { metrics: true },
  });
  return { ...checkpoint, metrics: epoch === null ? null : readStoredMetrics(epoch.metrics) };
}

import { sql } from "kysely";
import { z } from "zod";
import type { RunEndReason, RunState } from "../../core/enumerations.js";
import { epochMetricPoints, type MetricValueAt } from "../../core/metrics/epoch-metrics.js";
import type { RunEnvironment } from "../../core/runs/environment.js";
import type { EpochRecord, RunProgress } from "../../core/runs/events.js";
import type { InitializationReport } from "../../core/runs/initialization-report.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import { ACTIVE_STATES, type ActiveState, isActive } from "../../core/runs/state.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { encodeJson, parseStored } from "../../core/stored-json.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { KeptChannels } from "../../graph/pruning/cut.js";
import type { NewEvaluation } from "../evaluation/evaluation-records.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import type { RunEventStore } from "../events/event-store.js";
import { AttemptReplaced, type RunAttempt } from "../lifecycle/attempt.js";
import type { RunStateStore } from "../lifecycle/state-store.js";
import type { ArtifactStore, NewArtifact } from "../record/artifact-store.js";
import type { CheckpointStore, KeptCheckpoint, SavedCheckpoint } from "../record/checkpoint-store.js";
import type { MetricStore } from "../record/metric-store.js";
import { reportedTrainingTime } from "../record/training-time.js";

export interface FinishedEpoch {
  readonly epoch: EpochRecord;
  /** Optimizer steps taken at its end. */
  readonly step: number;
  /** Whether it is the best so far by the monitored metric. */
  readonly improved: boolean;
  /** Null when the run diverged, so that the weights are not worth keeping. */
  readonly checkpoint: SavedCheckpoint | null;
  /** Evaluation of the checkpoint on the validation split, when it is the best so far. */
  readonly evaluation: NewEvaluation | null;
  /** As they are at the end of the epoch. */
  readonly artifacts: readonly NewArtifact[];
}

/** Files without references, to be removed. */
export interface Replaced {
  /** Folders of checkpoints that are not kept. */
  readonly checkpoints: readonly string[];
  /** Digests of blobs with predictions of earlier best checkpoints, for `removePredictions`. */
  readonly predictions: readonly string[];
}

const NOTHING_REPLACED: Replaced = { checkpoints: [], predictions: [] };

const KEPT_CHANNELS = z.record(z.string(), z.array(z.number()).readonly()).nullable();

/** The decision of a run that prunes. */
export interface DecidedPruning {
  readonly keptChannels: KeptChannels;
  readonly layerWidths: LayerWidths;
  readonly parameterCount: number;
}

/** Values of one epoch's steps. */
export interface EpochValues {
  readonly epoch: number;
  readonly points: readonly MetricValueAt[];
}

/** The end of an attempt, which ends or pauses the run. */
export interface RunEnd {
  readonly from: ActiveState;
  readonly to: RunState;
  /** Null for a run that is PAUSED. */
  readonly reason: RunEndReason | null;
  readonly detail: string | null;
  /** Time that trainers have spent on the run; absent: what was reported last. */
  readonly trainingSeconds?: number;
  /** Evaluation of the best checkpoint on the test split. */
  readonly evaluation?: NewEvaluation;
  /** Warnings about the end of the run, for its owner. */
  readonly warnings?: readonly RunWarning[];
  /** Values of an epoch that was not finished. */
  readonly values?: EpochValues;
  /** Whether a run that is PAUSED continues automatically once the disk has room. */
  readonly waitsForDisk?: boolean;
}

/** The position from which an attempt continues. */
export interface StartingPoint {
  /** Epochs done; 0: from the beginning. */
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Warnings about this position, for the owner of the run. */
  readonly warnings: readonly RunWarning[];
}

/** The stores that an attempt writes to. */
export interface AttemptStores {
  readonly states: RunStateStore;
  readonly events: RunEventStore;
  readonly metrics: MetricStore;
  readonly checkpoints: CheckpointStore;
  readonly evaluations: EvaluationStore;
  readonly artifacts: ArtifactStore;
}

/**
 * Writes the results of an attempt. Every write is refused with `AttemptReplaced` once the attempt is over. A repeated
 * write changes nothing, because after a lost connection it is unknown whether the database carried out the first one.
 */
export class RunAttemptStore {
  constructor(
    private readonly database: Database,
    private readonly stores: AttemptStores,
  ) {}

  async recordEnvironment(attempt: RunAttempt, environment: RunEnvironment): Promise<void> {
    await this.#fenced(attempt, ({ kysely }) =>
      kysely
        .updateTable("run")
        .set({ environment: encodeJson(environment) })
        .where("id", "=", attempt.runId)
        .execute(),
    );
  }

  /** Records what a run takes from the source of its initial weights, once. */
  async recordInitialization(
    attempt: RunAttempt,
    initialization: InitializationReport,
    at: Date,
  ): Promise<void> {
    const { runId } = attempt;
    await this.#fenced(attempt, async (transaction) => {
      const { numUpdatedRows } = await transaction.kysely
        .updateTable("run")
        .set({ initialization: encodeJson(initialization) })
        .where("id", "=", runId)
        .where("initialization", "is", null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return;
      await this.stores.events.append(transaction, runId, { kind: "WeightsInitialized", initialization }, at);
    });
  }

  /**
   * Records the channels that the pruning of a run keeps, once.
   *
   * @param pruned `parameterCount` is that of the network that is left
   */
  async recordPruning(attempt: RunAttempt, pruned: DecidedPruning): Promise<void> {
    const { keptChannels, layerWidths, parameterCount } = pruned;
    await this.#fenced(attempt, ({ kysely }) =>
      kysely
        .updateTable("run")
        .set({
          keptChannels: encodeJson(Object.fromEntries(keptChannels)),
          layerWidths: encodeJson(layerWidths),
          parameterCount,
        })
        .where("id", "=", attempt.runId)
        .where("keptChannels", "is", null)
        .execute(),
    );
  }

  /** The channels that the pruning of a run keeps; null while that is not decided. */
  async keptChannels(runId: string): Promise<KeptChannels | null> {
    const { keptChannels } = await this.database.kysely
      .selectFrom("run")
      .select("keptChannels")
      .where("id", "=", runId)
      .executeTakeFirstOrThrow();
    const kept = parseStored(KEPT_CHANNELS, keptChannels, "record of the channels that a run keeps");
    return kept === null ? null : new Map(Object.entries(kept));
  }

  /** Newest first. */
  checkpoints(runId: string): Promise<readonly KeptCheckpoint[]> {
    return this.stores.checkpoints.list(runId);
  }

  /** Path of an artifact's file below the run's own folder; null for an unknown name. */
  async artifactFile(runId: string, name: string): Promise<string | null> {
    return (await this.stores.artifacts.find(runId, name))?.file ?? null;
  }

  /**
   * Sets the run to RUNNING, whether it was PREPARING or starts again, and deletes everything that was recorded after
   * the starting point.
   *
   * @param artifacts as they are at the starting point
   * @returns digests of blobs with predictions of deleted checkpoints, for `removePredictions`
   */
  async start(
    attempt: RunAttempt,
    from: StartingPoint,
    at: Date,
    artifacts: readonly NewArtifact[] = [],
  ): Promise<readonly string[]> {
    const { runId } = attempt;
    const { states, metrics, checkpoints, evaluations } = this.stores;
    return this.#fenced(attempt, async (transaction, state) => {
      await transaction.prisma.epoch.deleteMany({ where: { runId, number: { gt: from.epoch } } });
      await checkpoints.dropAfter(transaction, runId, from.step);
      const unnamed = await evaluations.dropAfter(transaction, runId, from.epoch);
      await metrics.dropAfter(transaction, runId, from.step, from.stepsPerEpoch);
      await this.#recordArtifacts(transaction, runId, artifacts, at);
      if (state === "PREPARING") {
        await states.change(
          transaction,
          { ...attempt, from: state, to: "RUNNING", reason: null, detail: null },
          at,
        );
      }
      await this.#warn(transaction, runId, from.warnings, at);
      return unnamed;
    });
  }

  /** Metrics of steps inside an epoch. */
  async recordValues(attempt: RunAttempt, { epoch, points }: EpochValues, at: Date): Promise<void> {
    await this.#fenced(attempt, (transaction) =>
      this.stores.metrics.record(transaction, attempt.runId, epoch, points, at),
    );
  }

  /** A checkpoint inside an epoch. @returns the folders of checkpoints that are not kept any more */
  async saveCheckpoint(
    attempt: RunAttempt,
    checkpoint: SavedCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    return this.#fenced(attempt, (transaction) =>
      this.#keep(transaction, attempt.runId, { ...checkpoint, best: false }, at),
    );
  }

  /** Writes an epoch's row, metrics, checkpoint, evaluation, files and events in one transaction. */
  async finishEpoch(attempt: RunAttempt, finished: FinishedEpoch, at: Date): Promise<Replaced> {
    const { epoch, step, improved, checkpoint, evaluation, artifacts } = finished;
    const { events, metrics, evaluations } = this.stores;
    return this.#fenced(attempt, async (transaction) => {
      const { runId } = attempt;
      if (!(await insertEpoch(transaction, runId, epoch))) return NOTHING_REPLACED;
      await metrics.record(transaction, runId, epoch.number, epochMetricPoints(epoch, step), at);
      await this.#recordArtifacts(transaction, runId, artifacts, at);
      await events.append(transaction, runId, { kind: "EpochCompleted", epoch, improved }, at);
      const checkpoints =
        checkpoint === null
          ? []
          : await this.#keep(transaction, runId, { ...checkpoint, best: improved }, at);
      const predictions =
        evaluation === null ? [] : await evaluations.record(transaction, runId, evaluation, at);
      return { checkpoints, predictions };
    });
  }

  /** See `EvaluationStore.removeUnnamed`. */
  async removePredictions(
    digests: readonly string[],
    remove: (sha256: string) => Promise<void>,
  ): Promise<void> {
    for (const sha256 of digests) await this.stores.evaluations.removeUnnamed(sha256, remove);
  }

  /** @returns as `EvaluationStore.record` does */
  async end(attempt: RunAttempt, end: RunEnd, at: Date): Promise<readonly string[]> {
    return this.#fenced(attempt, async (transaction) => {
      const { runId } = attempt;
      const { from, to, reason, detail, values, evaluation, warnings = [], waitsForDisk = false } = end;
      const { trainingSeconds } = end;
      if (trainingSeconds !== undefined) {
        await transaction.prisma.run.updateMany({ where: { id: runId }, data: { trainingSeconds } });
      }
      if (values !== undefined) {
        await this.stores.metrics.record(transaction, runId, values.epoch, values.points, at);
      }
      const unnamed =
        evaluation === undefined
          ? []
          : await this.stores.evaluations.record(transaction, runId, evaluation, at);
      await this.#warn(transaction, runId, warnings, at);
      await this.stores.states.change(transaction, { ...attempt, from, to, reason, detail }, at);
      if (waitsForDisk)
        await transaction.prisma.run.updateMany({ where: { id: runId }, data: { waitsForDisk } });
      // A run that waits for the device, or for a place in the experiment, may start now.
      await this.database.notifier.notify("queue", transaction);
      return unnamed;
    });
  }

  /**
   * Replaces the newest progress and notifies followers of the run. Progress is not durable.
   *
   * @param counter from 1, one more each time
   * @param loss null while nothing was learned yet
   * @param trainingSeconds time that trainers have spent on the run; absent: what was reported last
   */
  async recordProgress(
    { runId, attempt }: RunAttempt,
    {
      progress,
      loss,
      counter,
      at,
      trainingSeconds,
    }: { progress: RunProgress; loss: number | null; counter: number; at: Date; trainingSeconds?: number },
  ): Promise<void> {
    const stored = encodeJson({ progress, loss, counter, at });
    const { numUpdatedRows } = await this.database.kysely
      .updateTable("run")
      // The sequence is that of the row, so that progress follows the newest event.
      .set(
        "progress",
        ({ ref }) => sql`${stored}::jsonb || jsonb_build_object('sequence', ${ref("eventSequence")})`,
      )
      .$if(trainingSeconds !== undefined, (query) => query.set(reportedTrainingTime(trainingSeconds ?? 0)))
      .where("id", "=", runId)
      .where("attempt", "=", attempt)
      .where("state", "in", ACTIVE_STATES)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw new AttemptReplaced({ runId, attempt });
    await this.database.notifier.notify(`run:${runId}`);
  }

  async #keep(
    transaction: Transaction,
    runId: string,
    checkpoint: KeptCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    await transaction.kysely
      .updateTable("run")
      .set({ fruitlessAttempts: 0 })
      .where("id", "=", runId)
      .execute();
    return this.stores.checkpoints.keep(transaction, runId, checkpoint, at);
  }

  async #recordArtifacts(
    transaction: Transaction,
    runId: string,
    artifacts: readonly NewArtifact[],
    at: Date,
  ): Promise<void> {
    for (const artifact of artifacts) await this.stores.artifacts.record(transaction, runId, artifact, at);
  }

  async #warn(
    transaction: Transaction,
    runId: string,
    warnings: readonly RunWarning[],
    at: Date,
  ): Promise<void> {
    for (const warning of warnings) {
      await this.stores.events.append(transaction, runId, { kind: "RunWarning", ...warning }, at);
    }
  }

  #fenced<T>(
    attempt: RunAttempt,
    work: (transaction: Transaction, state: ActiveState) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (transaction) => {
      const row = await transaction.kysely
        .selectFrom("run")
        .select("state")
        .where("id", "=", attempt.runId)
        .where("attempt", "=", attempt.attempt)
        .where("state", "in", ACTIVE_STATES)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined || !isActive(row.state)) throw new AttemptReplaced(attempt);
      return work(transaction, row.state);
    });
  }
}

/** @returns false when it is there already */
async function insertEpoch(
  { kysely }: Transaction,
  runId: string,
  { number, seconds, ...metrics }: EpochRecord,
): Promise<boolean> {
  const inserted = await kysely
    .insertInto("epoch")
    .values({ runId, number, metrics: encodeJson(metrics), seconds })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

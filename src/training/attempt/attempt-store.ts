import type { RunEndReason, RunState } from "../../core/enumerations.js";
import type { EpochRecord, RunEnvironment, RunProgress } from "../../core/run-events.js";
import type { RunWarning } from "../../core/run-warnings.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { NewEvaluation } from "../evaluation/evaluation-records.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import { encodeJson } from "../events/event-encoding.js";
import type { RunEventStore } from "../events/event-store.js";
import { AttemptReplaced, type RunAttempt } from "../lifecycle/attempt.js";
import type { RunStateStore } from "../lifecycle/state-store.js";
import type { ArtifactStore, NewArtifact } from "../record/artifact-store.js";
import type { CheckpointStore, KeptCheckpoint, SavedCheckpoint } from "../record/checkpoint-store.js";
import { epochMetricValues, type MetricValueAt } from "../record/epoch-metrics.js";
import type { MetricStore } from "../record/metric-store.js";

export interface FinishedEpoch {
  readonly epoch: EpochRecord;
  /** Optimiser steps taken at its end. */
  readonly step: number;
  /** Whether it is the best so far by the monitored metric. */
  readonly improved: boolean;
  /** Null when there is nothing worth keeping: the run diverged. */
  readonly checkpoint: SavedCheckpoint | null;
  /** Of the checkpoint on the validation split, when it is the best so far. */
  readonly evaluation: NewEvaluation | null;
  /** As they are at the end of the epoch. */
  readonly artifacts: readonly NewArtifact[];
}

/** Files that nothing names any more. */
export interface Replaced {
  /** Folders of checkpoints that are not kept. */
  readonly checkpoints: readonly string[];
  /** Digest of the blob with what an earlier best checkpoint predicted; null: there was none. */
  readonly predictions: string | null;
}

const NOTHING_REPLACED: Replaced = { checkpoints: [], predictions: null };

/** Values of one epoch's steps. */
export interface EpochValues {
  readonly epoch: number;
  readonly points: readonly MetricValueAt[];
}

/** How an attempt leaves the run, for good or until it goes on. */
export interface RunEnd {
  readonly from: "PREPARING" | "RUNNING";
  readonly to: RunState;
  /** Null when the run may go on: it is PAUSED. */
  readonly reason: RunEndReason | null;
  readonly detail: string | null;
  /** Of the best checkpoint on the test split. */
  readonly evaluation?: NewEvaluation;
  /** What the owner of the run should know about its end. */
  readonly warnings?: readonly RunWarning[];
  /** Values of an epoch that was not finished. */
  readonly values?: EpochValues;
  /** Whether a run that is PAUSED goes on by itself once the disk has room. */
  readonly waitsForDisk?: boolean;
}

/** Where an attempt goes on from. */
export interface StartingPoint {
  /** Epochs done; 0: from the beginning. */
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** What the owner of the run should know about it. */
  readonly warnings: readonly RunWarning[];
}

/** What an attempt's writes are parts of. */
export interface AttemptStores {
  readonly states: RunStateStore;
  readonly events: RunEventStore;
  readonly metrics: MetricStore;
  readonly checkpoints: CheckpointStore;
  readonly evaluations: EvaluationStore;
  readonly artifacts: ArtifactStore;
}

/**
 * Everything that a trainer writes, each write refused with `AttemptReplaced` once its attempt is over. A write that
 * comes again, since nobody could tell whether the database had taken it, changes nothing.
 */
export class RunAttemptStore {
  constructor(
    private readonly database: Database,
    private readonly stores: AttemptStores,
  ) {}

  async recordEnvironment(attempt: RunAttempt, environment: RunEnvironment): Promise<void> {
    await this.#fenced(attempt, (client) =>
      client.query(`update run set environment = $2::jsonb where id = $1`, [
        attempt.runId,
        JSON.stringify(environment),
      ]),
    );
  }

  /** Newest first. */
  checkpoints(runId: string): Promise<readonly KeptCheckpoint[]> {
    return this.stores.checkpoints.list(runId);
  }

  /** Path of an artifact's file below the run's own folder; null when there is none of that name. */
  async artifactFile(runId: string, name: string): Promise<string | null> {
    return (await this.stores.artifacts.find(runId, name))?.file ?? null;
  }

  /**
   * The run is RUNNING from here on, whether it was PREPARING or has to begin once more; what was recorded after
   * the starting point is dropped with it.
   *
   * @param artifacts as they are at the starting point
   */
  async start(
    attempt: RunAttempt,
    from: StartingPoint,
    at: Date,
    artifacts: readonly NewArtifact[] = [],
  ): Promise<void> {
    const { runId } = attempt;
    const { states, metrics, checkpoints, evaluations } = this.stores;
    await this.#fenced(attempt, async (client, state) => {
      await client.query(`delete from epoch where run_id = $1 and number > $2`, [runId, from.epoch]);
      await checkpoints.dropAfter(client, runId, from.step);
      await evaluations.dropAfter(client, runId, from.epoch);
      await metrics.dropAfter(client, runId, from.step, from.stepsPerEpoch);
      await this.#recordArtifacts(client, runId, artifacts, at);
      if (state === "PREPARING") {
        await states.change(
          client,
          { ...attempt, from: state, to: "RUNNING", reason: null, detail: null },
          at,
        );
      }
      await this.#warn(client, runId, from.warnings, at);
    });
  }

  /** Metrics of steps inside an epoch. */
  async recordValues(attempt: RunAttempt, { epoch, points }: EpochValues, at: Date): Promise<void> {
    await this.#fenced(attempt, (client) =>
      this.stores.metrics.record(client, attempt.runId, epoch, points, at),
    );
  }

  /** A checkpoint inside an epoch. @returns the folders of checkpoints that are not kept any more */
  async saveCheckpoint(
    attempt: RunAttempt,
    checkpoint: SavedCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    return this.#fenced(attempt, (client) =>
      this.#keep(client, attempt.runId, { ...checkpoint, best: false }, at),
    );
  }

  /** The epoch's row, its metrics, its checkpoint, its evaluation, its files and its events, all or none. */
  async finishEpoch(attempt: RunAttempt, finished: FinishedEpoch, at: Date): Promise<Replaced> {
    const { epoch, step, improved, checkpoint, evaluation, artifacts } = finished;
    const { events, metrics, evaluations } = this.stores;
    return this.#fenced(attempt, async (client) => {
      const { runId } = attempt;
      if (!(await insertEpoch(client, runId, epoch))) return NOTHING_REPLACED;
      await metrics.record(client, runId, epoch.number, epochMetricValues(epoch, step), at);
      const predictions =
        evaluation === null ? null : await evaluations.record(client, runId, evaluation, at);
      await this.#recordArtifacts(client, runId, artifacts, at);
      await events.append(client, runId, { kind: "EpochCompleted", epoch, improved }, at);
      const checkpoints =
        checkpoint === null ? [] : await this.#keep(client, runId, { ...checkpoint, best: improved }, at);
      return { checkpoints, predictions };
    });
  }

  /** See `EvaluationStore.removeUnnamed`. */
  removePredictions(sha256: string, remove: (sha256: string) => Promise<void>): Promise<void> {
    return this.stores.evaluations.removeUnnamed(sha256, remove);
  }

  async end(attempt: RunAttempt, end: RunEnd, at: Date): Promise<void> {
    await this.#fenced(attempt, async (client) => {
      const { runId } = attempt;
      const { from, to, reason, detail, values, evaluation, warnings = [], waitsForDisk = false } = end;
      if (values !== undefined) {
        await this.stores.metrics.record(client, runId, values.epoch, values.points, at);
      }
      if (evaluation !== undefined) await this.stores.evaluations.record(client, runId, evaluation, at);
      await this.#warn(client, runId, warnings, at);
      await this.stores.states.change(client, { ...attempt, from, to, reason, detail }, at);
      if (waitsForDisk) await client.query(`update run set waits_for_disk = true where id = $1`, [runId]);
      // Whoever waits for the device, or for a place in the experiment, may have it now.
      await this.database.notifier.notify("queue", client);
    });
  }

  /**
   * Replaces the newest progress and rings for followers of the run; nothing durable.
   *
   * @param counter from 1, one more each time
   * @param loss null while nothing was learnt yet
   */
  async recordProgress(
    { runId, attempt }: RunAttempt,
    {
      progress,
      loss,
      counter,
      at,
    }: { progress: RunProgress; loss: number | null; counter: number; at: Date },
  ): Promise<void> {
    const { rowCount } = await this.database.pool.query(
      // The sequence is the row's own, so that progress stands after the event it follows.
      `update run set progress = $3::jsonb || jsonb_build_object('sequence', event_sequence)
       where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING')`,
      [runId, attempt, encodeJson({ progress, loss, counter, at })],
    );
    if (rowCount === 0) throw new AttemptReplaced({ runId, attempt });
    await this.database.notifier.notify(`run:${runId}`);
  }

  async #keep(
    client: Transaction,
    runId: string,
    checkpoint: KeptCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    await client.query(`update run set fruitless_attempts = 0 where id = $1`, [runId]);
    return this.stores.checkpoints.keep(client, runId, checkpoint, at);
  }

  async #recordArtifacts(
    client: Transaction,
    runId: string,
    artifacts: readonly NewArtifact[],
    at: Date,
  ): Promise<void> {
    for (const artifact of artifacts) await this.stores.artifacts.record(client, runId, artifact, at);
  }

  async #warn(client: Transaction, runId: string, warnings: readonly RunWarning[], at: Date): Promise<void> {
    for (const warning of warnings) {
      await this.stores.events.append(client, runId, { kind: "RunWarning", ...warning }, at);
    }
  }

  #fenced<T>(
    attempt: RunAttempt,
    work: (client: Transaction, state: "PREPARING" | "RUNNING") => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ state: "PREPARING" | "RUNNING" }>(
        `select state from run where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING') for update`,
        [attempt.runId, attempt.attempt],
      );
      const [row] = rows;
      if (row === undefined) throw new AttemptReplaced(attempt);
      return work(client, row.state);
    });
  }
}

/** @returns false when it is there already */
async function insertEpoch(client: Transaction, runId: string, epoch: EpochRecord): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into epoch (run_id, number, train_loss, train_top1, train_top5, validation_loss, validation_top1,
       validation_top5, learning_rate, images_per_second, seconds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (run_id, number) do nothing`,
    [
      runId,
      epoch.number,
      epoch.trainLoss,
      epoch.trainTop1,
      epoch.trainTop5,
      epoch.validationLoss,
      epoch.validationTop1,
      epoch.validationTop5,
      epoch.learningRate,
      epoch.imagesPerSecond,
      epoch.seconds,
    ],
  );
  return rowCount === 1;
}

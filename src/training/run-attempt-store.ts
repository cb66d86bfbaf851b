import type pg from "pg";
import type { RunEndReason, RunState } from "../core/enumerations.js";
import { newId } from "../core/ids.js";
import type { EpochRecord, RunEnvironment, RunProgress } from "../core/run-events.js";
import type { Database } from "../db/database.js";
import type { ArtifactStore, NewArtifact } from "./artifact-store.js";
import { epochMetricValues, type MetricValueAt } from "./epoch-metrics.js";
import type { NewEvaluation } from "./evaluation/evaluation-records.js";
import type { EvaluationStore } from "./evaluation/evaluation-store.js";
import type { MetricStore } from "./metric-store.js";
import { AttemptReplaced, type RunAttempt } from "./run-attempt.js";
import { encodeJson } from "./run-event-encoding.js";
import type { RunEventStore } from "./run-event-store.js";
import type { RunStateStore } from "./run-state-store.js";

/** A checkpoint's files, which are whole on the disk before a row names them. */
export interface SavedCheckpoint {
  readonly epoch: number;
  /** Optimiser steps taken. */
  readonly step: number;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Below the run's folder of checkpoints. */
  readonly folder: string;
}

export interface KeptCheckpoint extends SavedCheckpoint {
  readonly best: boolean;
}

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
  /** Folders of checkpoints that are neither the best nor the last. */
  readonly checkpoints: readonly string[];
  /** Digest of the blob with what an earlier best checkpoint predicted; null: there is none to remove. */
  readonly predictions: string | null;
}

export interface RunWarning {
  readonly code: string;
  readonly message: string;
}

export interface RunEnd {
  readonly from: "PREPARING" | "RUNNING";
  readonly to: RunState;
  readonly reason: RunEndReason;
  readonly detail: string | null;
  /** Of the best checkpoint on the test split. */
  readonly evaluation?: NewEvaluation;
  /** What the owner of the run should know about its end. */
  readonly warnings?: readonly RunWarning[];
  /** Saved on the way out of an epoch that was not finished. */
  readonly checkpoint?: SavedCheckpoint;
  /** Values of an epoch that was not finished. */
  readonly values?: { readonly epoch: number; readonly points: readonly MetricValueAt[] };
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

/** Everything that a trainer writes, each write refused with `AttemptReplaced` once its attempt is over. */
export class RunAttemptStore {
  constructor(
    private readonly database: Database,
    private readonly states: RunStateStore,
    private readonly events: RunEventStore,
    private readonly metrics: MetricStore,
    private readonly evaluations: EvaluationStore,
    private readonly artifacts: ArtifactStore,
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
  async checkpoints(runId: string): Promise<readonly KeptCheckpoint[]> {
    const { rows } = await this.database.pool.query<KeptCheckpoint>(
      `select epoch, step, best, size_bytes::float8 as "sizeBytes", sha256, folder from checkpoint
       where run_id = $1 order by epoch desc`,
      [runId],
    );
    return rows;
  }

  /**
   * PREPARING to RUNNING; whatever an earlier attempt recorded after the starting point is dropped with it.
   *
   * @param artifacts as they are at the starting point
   */
  async start(
    attempt: RunAttempt,
    from: StartingPoint,
    at: Date,
    artifacts: readonly NewArtifact[] = [],
  ): Promise<void> {
    await this.#fenced(attempt, async (client) => {
      await this.#goBack(client, attempt.runId, from, at, artifacts);
      await this.states.change(
        client,
        { ...attempt, from: "PREPARING", to: "RUNNING", reason: null, detail: null },
        at,
      );
      await this.#warn(client, attempt.runId, from.warnings, at);
    });
  }

  /** As `start`, for an attempt that is RUNNING and has to begin once more. */
  async startOver(
    attempt: RunAttempt,
    from: StartingPoint,
    at: Date,
    artifacts: readonly NewArtifact[] = [],
  ): Promise<void> {
    await this.#fenced(attempt, async (client) => {
      await this.#goBack(client, attempt.runId, from, at, artifacts);
      await this.#warn(client, attempt.runId, from.warnings, at);
    });
  }

  /** The epoch's row, its metrics, its checkpoint, its evaluation, its files and its events, all or none. */
  async finishEpoch(attempt: RunAttempt, finished: FinishedEpoch, at: Date): Promise<Replaced> {
    const { epoch, step, improved, checkpoint, evaluation, artifacts } = finished;
    return this.#fenced(attempt, async (client) => {
      const { runId } = attempt;
      await insertEpoch(client, runId, epoch);
      await this.metrics.record(client, runId, epoch.number, epochMetricValues(epoch, step), at);
      const predictions =
        evaluation === null ? null : await this.evaluations.record(client, runId, evaluation, at);
      await this.#recordArtifacts(client, runId, artifacts, at);
      await this.events.append(client, runId, { kind: "EpochCompleted", epoch, improved }, at);
      const checkpoints =
        checkpoint === null ? [] : await this.#keep(client, runId, { ...checkpoint, best: improved }, at);
      return { checkpoints, predictions };
    });
  }

  /** @returns the folders of checkpoints that are not kept any more */
  async end(attempt: RunAttempt, end: RunEnd, at: Date): Promise<readonly string[]> {
    return this.#fenced(attempt, async (client) => {
      const { runId } = attempt;
      const { from, to, reason, detail, checkpoint, values, evaluation, warnings = [] } = end;
      if (values !== undefined) {
        await this.metrics.record(client, runId, values.epoch, values.points, at);
      }
      if (evaluation !== undefined) await this.evaluations.record(client, runId, evaluation, at);
      await this.#warn(client, runId, warnings, at);
      const dropped =
        checkpoint === undefined ? [] : await this.#keep(client, runId, { ...checkpoint, best: false }, at);
      await this.states.change(client, { ...attempt, from, to, reason, detail }, at);
      return dropped;
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

  async #goBack(
    client: pg.PoolClient,
    runId: string,
    from: StartingPoint,
    at: Date,
    artifacts: readonly NewArtifact[],
  ): Promise<void> {
    await client.query(`delete from epoch where run_id = $1 and number > $2`, [runId, from.epoch]);
    await client.query(`delete from checkpoint where run_id = $1 and epoch > $2`, [runId, from.epoch]);
    await this.evaluations.dropAfter(client, runId, from.epoch);
    await this.metrics.dropAfter(client, runId, from.step, from.stepsPerEpoch);
    await this.#recordArtifacts(client, runId, artifacts, at);
  }

  async #keep(
    client: pg.PoolClient,
    runId: string,
    checkpoint: KeptCheckpoint,
    at: Date,
  ): Promise<readonly string[]> {
    const { folder, ...record } = checkpoint;
    if (checkpoint.best) await client.query(`update checkpoint set best = false where run_id = $1`, [runId]);
    await client.query(
      `insert into checkpoint (id, run_id, epoch, step, best, size_bytes, sha256, folder, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        newId("checkpoint"),
        runId,
        record.epoch,
        record.step,
        record.best,
        record.sizeBytes,
        record.sha256,
        folder,
        at,
      ],
    );
    const { rows } = await client.query<{ folder: string }>(
      `delete from checkpoint where run_id = $1 and not best and epoch <> $2 returning folder`,
      [runId, record.epoch],
    );
    await this.events.append(
      client,
      runId,
      { kind: "CheckpointSaved", checkpoint: { ...record, createdAt: at } },
      at,
    );
    return rows.map((row) => row.folder);
  }

  async #recordArtifacts(
    client: pg.PoolClient,
    runId: string,
    artifacts: readonly NewArtifact[],
    at: Date,
  ): Promise<void> {
    for (const artifact of artifacts) await this.artifacts.record(client, runId, artifact, at);
  }

  async #warn(
    client: pg.PoolClient,
    runId: string,
    warnings: readonly RunWarning[],
    at: Date,
  ): Promise<void> {
    for (const warning of warnings) {
      await this.events.append(client, runId, { kind: "RunWarning", ...warning }, at);
    }
  }

  #fenced<T>(attempt: RunAttempt, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query(
        `select id from run where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING') for update`,
        [attempt.runId, attempt.attempt],
      );
      if (rows.length === 0) throw new AttemptReplaced(attempt);
      return work(client);
    });
  }
}

async function insertEpoch(client: pg.PoolClient, runId: string, epoch: EpochRecord): Promise<void> {
  await client.query(
    `insert into epoch (run_id, number, train_loss, train_top1, train_top5, validation_loss, validation_top1,
       validation_top5, learning_rate, images_per_second, seconds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
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
}

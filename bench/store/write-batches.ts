import { sql } from "kysely";
import type { MetricValueAt } from "../../src/core/metrics/epoch-metrics.js";
import { EPOCH_METRICS } from "../../src/core/metrics/epoch-metrics.js";
import { anyOf } from "../../src/db/any-of.js";
import type { Database } from "../../src/db/database.js";
import { RunAttemptStore } from "../../src/training/attempt/attempt-store.js";
import { EvaluationStore } from "../../src/training/evaluation/evaluation-store.js";
import { RunEventStore } from "../../src/training/events/event-store.js";
import { RunStateStore } from "../../src/training/lifecycle/state-store.js";
import { ArtifactStore } from "../../src/training/record/artifact-store.js";
import { CheckpointStore } from "../../src/training/record/checkpoint-store.js";
import { MetricStore } from "../../src/training/record/metric-store.js";
import type { BenchContext } from "../benchmark.js";
import { BATCH_KEY } from "./filled-runs.js";
import { type Times, timed } from "./timed.js";

export const BATCH_POINTS = 1_000;
const POINTS_PER_STEP = 2;
/** Runs that a few machines train at the same time. */
export const WRITING_RUNS = 4;

/** Later than the existing steps of the runs: a point that exists is not written again. */
const FIRST_STEP = 1_000_000;

/** Writes batches of points to running runs through the same store as the trainer, fenced by the attempt. */
export class BatchWriter {
  readonly #attempts: RunAttemptStore;
  #step = FIRST_STEP;

  constructor(private readonly database: Database) {
    const events = new RunEventStore(database);
    const artifacts = new ArtifactStore(database);
    this.#attempts = new RunAttemptStore(database, {
      events,
      artifacts,
      states: new RunStateStore(events),
      metrics: new MetricStore(database),
      checkpoints: new CheckpointStore(database, events),
      evaluations: new EvaluationStore(database, artifacts),
    });
  }

  /** Marks runs RUNNING, with a lease that does not expire during the benchmark. @returns their ids */
  async putToWork(runIds: readonly string[]): Promise<readonly string[]> {
    await this.database.kysely
      .updateTable("run")
      .set({
        state: "RUNNING",
        endReason: null,
        endedAt: null,
        workerId: "bench",
        device: sql`'bench ' || id`,
        leaseExpiresAt: sql`now() + interval '1 day'`,
      })
      .where("id", "=", anyOf(runIds))
      .execute();
    return runIds;
  }

  /** Measures a batch of {@link BATCH_POINTS} points from its first statement until it is durable. */
  time(batches: number, runId: string, context: BenchContext): Promise<Times> {
    return timed(batches, context, () => this.#write(runId));
  }

  /** Writes batches of several runs in parallel. @returns points per second */
  async sustain(runIds: readonly string[], seconds: number, { signal }: BenchContext): Promise<number> {
    const started = performance.now();
    const end = started + seconds * 1000;
    let batches = 0;
    await Promise.all(
      runIds.map(async (runId) => {
        while (performance.now() < end) {
          signal.throwIfAborted();
          await this.#write(runId);
          batches += 1;
        }
      }),
    );
    return (batches * BATCH_POINTS * 1000) / (performance.now() - started);
  }

  /** Checks the number of points in the database. @throws Error when it differs from what was written */
  async check(runIds: readonly string[]): Promise<void> {
    const found = await this.database.kysely
      .selectFrom("metricSeries as s")
      .innerJoin("metricPoint as p", "p.seriesId", "s.id")
      .select(({ fn }) => fn.countAll<number>().as("points"))
      .where("s.runId", "=", anyOf(runIds))
      .where("p.step", ">", FIRST_STEP)
      .executeTakeFirstOrThrow();
    const written = (this.#step - FIRST_STEP) * POINTS_PER_STEP;
    if (found.points === written) return;
    throw new Error(`Expected the ${written} points that were written. The database has ${found.points}.`);
  }

  #write(runId: string): Promise<void> {
    const points = this.#nextPoints();
    return this.#attempts.recordValues({ runId, attempt: 1 }, { epoch: 1, points }, new Date());
  }

  /** Returns the losses and learning rates of the steps of one batch. */
  #nextPoints(): readonly MetricValueAt[] {
    return Array.from({ length: BATCH_POINTS / POINTS_PER_STEP }, () => {
      const step = ++this.#step;
      return [
        { key: BATCH_KEY, step, value: 1 / step },
        { key: EPOCH_METRICS.learningRate.key, step, value: 0.01 },
      ];
    }).flat();
  }
}

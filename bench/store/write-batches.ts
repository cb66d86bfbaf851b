import { METRIC_KEYS } from "../../src/core/metric-value.js";
import type { Database } from "../../src/db/database.js";
import type { MetricValueAt } from "../../src/training/epoch-metrics.js";
import type { MetricStore } from "../../src/training/metric-store.js";
import type { BenchContext } from "../benchmark.js";
import { BATCH_KEY } from "./filled-runs.js";
import { type Times, timed } from "./timed.js";

export const BATCH_POINTS = 1_000;
/** As many as a few machines have at work. */
export const WRITING_RUNS = 4;

/** Writes to runs at work the way the trainer does: its own store, in a transaction that its attempt fences. */
export class BatchWriter {
  #step = 0;

  constructor(
    private readonly database: Database,
    private readonly metrics: MetricStore,
  ) {}

  /** Makes runs RUNNING, held by a worker that no server takes for dead. @returns their ids */
  async putToWork(runIds: readonly string[]): Promise<readonly string[]> {
    await this.database.pool.query(
      `update run set state = 'RUNNING', end_reason = null, ended_at = null, worker_id = 'bench', device = 'bench ' || id,
         lease_expires_at = now() + interval '1 day'
       where id = any($1)`,
      [runIds],
    );
    return runIds;
  }

  /** How long a batch of {@link BATCH_POINTS} takes from its first statement until it is durable. */
  time(batches: number, runId: string, context: BenchContext): Promise<Times> {
    return timed(batches, context, () => this.#write(runId));
  }

  /** Points a second that several runs at once write for a while, each its batches one after another. */
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

  #write(runId: string): Promise<void> {
    const values = this.#nextValues();
    return this.database.transaction(async (client) => {
      const { rows } = await client.query(
        `select id from run where id = $1 and attempt = $2 and state in ('PREPARING', 'RUNNING') for update`,
        [runId, 1],
      );
      if (rows.length === 0) throw new Error(`The run ${runId} is not at work.`);
      await this.metrics.record(client, runId, 1, values, new Date());
    });
  }

  /** The losses and rates of as many steps as make a batch. */
  #nextValues(): readonly MetricValueAt[] {
    return Array.from({ length: BATCH_POINTS / 2 }, () => {
      const step = ++this.#step;
      return [
        { key: BATCH_KEY, step, value: 1 / step },
        { key: METRIC_KEYS.learningRate, step, value: 0.01 },
      ];
    }).flat();
  }
}

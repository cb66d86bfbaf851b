import { checkSameRequest, type Idempotency } from "../../core/idempotency.js";
import { newId } from "../../core/ids.js";
import type { RunConfiguration } from "../../core/run-configuration.js";
import type { Database } from "../../db/database.js";
import type { RunEventStore } from "../events/event-store.js";
import type { ExperimentStore } from "../record/experiment-store.js";
import type { RunRecord } from "../record/run-records.js";
import { RUN_COLUMNS, type RunRow, runRecordOf } from "../record/run-row.js";

export interface NewRun {
  /** Name of an experiment, made when new. */
  readonly experiment: string;
  readonly name: string;
  readonly datasetVersionId: string;
  readonly configuration: RunConfiguration;
  readonly parameterCount: number;
  readonly priority: number;
  readonly idempotency: Idempotency | null;
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
    const { rows } = await this.database.pool.query<RunRow & { idempotencyHash: string | null }>(
      `select ${RUN_COLUMNS}, r.idempotency_hash as "idempotencyHash" from run r where r.idempotency_key = $1`,
      [idempotency.key],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const { idempotencyHash, ...run } = row;
    checkSameRequest(idempotency, idempotencyHash);
    return runRecordOf(run);
  }

  /**
   * Queues the run with its first event, and makes the experiment when it is new: all or nothing.
   *
   * @returns null, having changed nothing, when the idempotency key was taken in the meantime
   */
  async insert(run: NewRun, at: Date): Promise<RunRecord | null> {
    return this.database.transaction(async (client) => {
      // Before anything else: a request that lost the race waits here for the winner to commit.
      if (run.idempotency !== null) {
        await client.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [run.idempotency.key]);
        const taken = await client.query(`select from run where idempotency_key = $1`, [run.idempotency.key]);
        if (taken.rows.length > 0) return null;
      }
      const experiment = await this.experiments.ensure(client, run.experiment);
      const id = newId("run");
      const { rows } = await client.query<RunRow>(
        `insert into run as r (id, name, experiment_id, dataset_version_id, configuration, parameter_count,
           priority, idempotency_key, idempotency_hash, created_at)
         values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10) returning ${RUN_COLUMNS}`,
        [
          id,
          run.name,
          experiment.id,
          run.datasetVersionId,
          JSON.stringify(run.configuration),
          run.parameterCount,
          run.priority,
          run.idempotency?.key ?? null,
          run.idempotency?.hash ?? null,
          at,
        ],
      );
      const [row] = rows;
      if (row === undefined) throw new Error("Postgres returned no row for the run that it inserted.");
      const body = {
        kind: "RunStateChanged",
        from: null,
        to: row.state,
        reason: null,
        detail: null,
      } as const;
      await this.events.append(client, id, body, at);
      await this.database.notifier.notify("queue", client);
      return runRecordOf(row);
    });
  }
}

import type { Page } from "../../core/page.js";
import type { CheckpointRecord, EpochRecord } from "../../core/run-events.js";
import type { Database } from "../../db/database.js";
import { type OrderedRunRow, runCursorOf, runListQueries } from "./list-query.js";
import type { MetricSummaryRecord, RunListRequest, RunRecord } from "./run-records.js";
import { RUN_COLUMNS, type RunRow, runRecordOf } from "./run-row.js";

const EPOCH_COLUMNS = `
  e.number, e.train_loss as "trainLoss", e.validation_loss as "validationLoss", e.train_top1 as "trainTop1",
  e.train_top5 as "trainTop5", e.validation_top1 as "validationTop1", e.validation_top5 as "validationTop5",
  e.learning_rate as "learningRate", e.images_per_second as "imagesPerSecond", e.seconds`;

/** What is read of runs. Lookups of many ids answer in no given order and leave out unknown ones. */
export class RunStore {
  constructor(private readonly database: Database) {}

  async find(ids: readonly string[]): Promise<readonly RunRecord[]> {
    const { rows } = await this.database.pool.query<RunRow>(
      `select ${RUN_COLUMNS} from run r where r.id = any($1)`,
      [ids],
    );
    return rows.map(runRecordOf);
  }

  /** @throws AppError `CURSOR_INVALID`, `ORDER_INVALID`, `FILTER_INVALID` */
  async list(request: RunListRequest): Promise<Page<RunRecord>> {
    const { first } = request.page;
    const rows: OrderedRunRow[] = [];
    for (const { sql, values, beginning } of runListQueries(request)) {
      const found = await this.database.pool.query<OrderedRunRow>(sql, [...values]);
      if (beginning && found.rows.length <= first) continue;
      rows.push(...found.rows);
      if (rows.length > first) break;
    }
    return {
      items: rows.slice(0, first).map((row) => {
        const { orderValue, ...run } = row;
        return { cursor: runCursorOf(row), node: runRecordOf(run) };
      }),
      hasNextPage: rows.length > first,
    };
  }

  /** @param page `after` is the number of an epoch; null starts at the first */
  async epochs(
    runId: string,
    page: { readonly first: number; readonly after: number | null },
  ): Promise<readonly EpochRecord[]> {
    const { rows } = await this.database.pool.query<EpochRecord>(
      `select ${EPOCH_COLUMNS} from epoch e where e.run_id = $1 and e.number > $2 order by e.number limit $3`,
      [runId, page.after ?? 0, page.first],
    );
    return rows;
  }

  /** All epochs of each run, in their order; a run without epochs is left out. */
  async epochsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, readonly EpochRecord[]>> {
    const { rows } = await this.database.pool.query<EpochRecord & OfRun>(
      `select e.run_id as "runId", ${EPOCH_COLUMNS} from epoch e where e.run_id = any($1)
       order by e.run_id, e.number`,
      [runIds],
    );
    return groupByRun<EpochRecord>(rows);
  }

  /** The checkpoints kept of each run, oldest first; a run without one is left out. */
  async checkpoints(runIds: readonly string[]): Promise<ReadonlyMap<string, readonly CheckpointRecord[]>> {
    const { rows } = await this.database.pool.query<CheckpointRecord & OfRun>(
      `select run_id as "runId", epoch, step, best, size_bytes::float8 as "sizeBytes", sha256,
         created_at as "createdAt"
       from checkpoint where run_id = any($1) order by run_id, step`,
      [runIds],
    );
    return groupByRun<CheckpointRecord>(rows);
  }

  /** Ordered by run, then key. */
  async summaries(runIds: readonly string[]): Promise<readonly MetricSummaryRecord[]> {
    const { rows } = await this.database.pool.query<MetricSummaryRecord>(
      `select run_id as "runId", key, last_value as "lastValue", best_value as "bestValue",
         best_epoch as "bestEpoch"
       from metric_series where run_id = any($1) order by run_id, key`,
      [runIds],
    );
    return rows;
  }

  /** 1 for the run that goes next; a run that is not queued is left out. */
  async queuePosition(runIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.database.pool.query<{ id: string; position: number }>(
      `select id, position from (
         select id, row_number() over (order by priority desc, queue_order)::int as position from run
         where state = 'QUEUED'
       ) queue where id = any($1)`,
      [runIds],
    );
    return new Map(rows.map(({ id, position }) => [id, position]));
  }
}

interface OfRun {
  readonly runId: string;
}

function groupByRun<T>(rows: readonly (T & OfRun)[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.runId);
    if (group === undefined) groups.set(row.runId, [row]);
    else group.push(row);
  }
  return groups;
}

import type pg from "pg";
import { AppError } from "../core/app-error.js";
import { lowerIsBetter } from "../core/metric-value.js";
import type { Database } from "../db/database.js";
import type { MetricValueAt } from "./epoch-metrics.js";
import type { MetricHistoryRecord, MetricPointRecord } from "./run-records.js";

const FEWEST_POINTS = 5;
const MOST_POINTS = 10_000;

/** Metric points, one for each (run, key, step), and their last and best values. */
export class MetricStore {
  constructor(private readonly database: Database) {}

  /**
   * The values of a metric by step. More than `maxPoints` are thinned: the steps are cut into equal
   * stretches and of each the lowest, the highest and the first value that is not finite are kept,
   * with the very first and last, so that no peak, dip or divergence is lost.
   *
   * @throws AppError `MAX_POINTS_INVALID`
   */
  async history(runId: string, key: string, maxPoints: number): Promise<MetricHistoryRecord> {
    if (!Number.isInteger(maxPoints) || maxPoints < FEWEST_POINTS || maxPoints > MOST_POINTS) {
      throw new AppError(
        "MAX_POINTS_INVALID",
        `maxPoints is a whole number from ${FEWEST_POINTS} to ${MOST_POINTS}. Received ${maxPoints}.`,
        { path: ["maxPoints"] },
      );
    }
    const stretches = Math.floor((maxPoints - 2) / 3);
    const { rows } = await this.database.pool.query<MetricPointRecord & { total: number }>(
      `with numbered as (
         select step, value, at, row_number() over (order by step) - 1 as place, count(*) over ()::int as total,
           value = 'NaN' or abs(value) = 'Infinity' as odd
         from metric_point where run_id = $1 and key = $2
       ), ranked as (
         select *,
           row_number() over (partition by place * $4 / total, odd order by value, step) as from_lowest,
           row_number() over (partition by place * $4 / total, odd order by value desc, step) as from_highest,
           row_number() over (partition by place * $4 / total, odd order by step) as from_first
         from numbered
       )
       select step, value, at, total from ranked
       where total <= $3 or place = 0 or place = total - 1
         or case when odd then from_first = 1 else from_lowest = 1 or from_highest = 1 end
       order by step`,
      [runId, key, maxPoints, stretches],
    );
    const totalPoints = rows[0]?.total ?? 0;
    return {
      points: rows.map(({ step, value, at }) => ({ step, value, at })),
      totalPoints,
      thinned: rows.length < totalPoints,
    };
  }

  /** Adds points and brings the summaries up to date, as a part of the caller's transaction. */
  async record(
    client: pg.PoolClient,
    runId: string,
    epoch: number,
    values: readonly MetricValueAt[],
    at: Date,
  ): Promise<void> {
    const keys = values.map(({ key }) => key);
    const steps = values.map(({ step }) => step);
    const numbers = values.map(({ value }) => value);
    await client.query(
      `insert into metric_point (run_id, key, step, value, at)
       select $1, key, step, value, $5 from unnest($2::text[], $3::int[], $4::float8[]) as v (key, step, value)`,
      [runId, keys, steps, numbers, at],
    );
    await client.query(
      `insert into metric_summary as s (run_id, key, last_step, last_value, best_value, best_epoch)
       select $1, key, step, value,
         case when abs(value) < 'Infinity' then value end, case when abs(value) < 'Infinity' then $5::int end
       from unnest($2::text[], $3::int[], $4::float8[]) as v (key, step, value)
       on conflict (run_id, key) do update set
         last_step = excluded.last_step, last_value = excluded.last_value,
         best_value = case when ${IMPROVES} then excluded.best_value else s.best_value end,
         best_epoch = case when ${IMPROVES} then excluded.best_epoch else s.best_epoch end`,
      [runId, keys, steps, numbers, epoch, keys.filter(lowerIsBetter)],
    );
  }

  /**
   * Forgets what came after a step, as a part of the caller's transaction, and makes the summaries
   * anew out of the points that are left.
   *
   * @param stepsPerEpoch every epoch of the run has as many, which tells a point's epoch
   */
  async dropAfter(client: pg.PoolClient, runId: string, step: number, stepsPerEpoch: number): Promise<void> {
    await client.query(`delete from metric_point where run_id = $1 and step > $2`, [runId, step]);
    const { rows } = await client.query<{ key: string }>(
      `delete from metric_summary where run_id = $1 returning key`,
      [runId],
    );
    const keys = rows.map(({ key }) => key);
    await client.query(
      `insert into metric_summary (run_id, key, last_step, last_value, best_value, best_epoch)
       select $1, k.key, last.step, last.value, best.value, ceil(best.step::float8 / $4)::int
       from unnest($2::text[], $3::boolean[]) as k (key, lower)
       join lateral (
         select step, value from metric_point where run_id = $1 and key = k.key order by step desc limit 1
       ) last on true
       left join lateral (
         select step, value from metric_point where run_id = $1 and key = k.key and abs(value) < 'Infinity'
         order by case when k.lower then value else -value end, step limit 1
       ) best on true`,
      [runId, keys, keys.map(lowerIsBetter), stepsPerEpoch],
    );
  }
}

/** Whether the new value of a summary is a best; equal ones keep the earlier epoch. */
const IMPROVES = `(excluded.best_value is not null and (s.best_value is null or
  case when s.key = any($6::text[]) then excluded.best_value < s.best_value
    else excluded.best_value > s.best_value end))`;

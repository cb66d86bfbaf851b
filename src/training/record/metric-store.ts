import { AppError } from "../../core/app-error.js";
import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import { lowerIsBetter } from "../../core/metric-value.js";
import type { Page, PageRequest } from "../../core/page.js";
import type { Database } from "../../db/database.js";
import type { Transaction } from "../../db/transaction.js";
import type { MetricValueAt } from "./epoch-metrics.js";
import type { MetricHistoryRecord, MetricPointRecord } from "./run-records.js";

const FEWEST_POINTS = 5;
const MOST_POINTS = 10_000;

/** Metric points, one for each (run, key, step), and the last and best value of each series of them. */
export class MetricStore {
  constructor(private readonly database: Database) {}

  /**
   * The values of a metric by step. More than `maxPoints` are thinned: from the first step to the last
   * one, steps are cut into equal stretches and of each the lowest, the highest and the first value that
   * is not finite are kept, with the very first and last, so that no peak, dip or divergence is lost. Of
   * equal values the first one stays. The same points always give the same history.
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
    const points = await this.#pointsAfter(runId, key, null, maxPoints + 1);
    if (points.length <= maxPoints) return { points, totalPoints: points.length, thinned: false };
    const { rows } = await this.database.pool.query<MetricPointRecord & { total: number }>(THINNED, [
      runId,
      key,
      Math.floor((maxPoints - 2) / 3),
    ]);
    const totalPoints = rows[0]?.total ?? 0;
    return {
      points: rows.map(({ step, value, at }) => ({ step, value, at })),
      totalPoints,
      thinned: rows.length < totalPoints,
    };
  }

  /**
   * Every value of a metric by step, a page at a time.
   *
   * @throws AppError `CURSOR_INVALID`
   */
  async points(runId: string, key: string, { first, after }: PageRequest): Promise<Page<MetricPointRecord>> {
    const [step] = after === null ? [null] : decodeCursor(after, ["integer"]);
    const points = await this.#pointsAfter(runId, key, step, first + 1);
    return {
      items: points.slice(0, first).map((node) => ({ cursor: encodeCursor([node.step]), node })),
      hasNextPage: points.length > first,
    };
  }

  /**
   * Adds points and brings last and best values up to date, as a part of the caller's transaction, which
   * must have locked the run's row. A point that is there already stays as it is, whatever comes for its
   * step, so that a batch may come again.
   *
   * @param epoch in which all of the steps lie
   * @param values in any order
   */
  async record(
    client: Transaction,
    runId: string,
    epoch: number,
    values: readonly MetricValueAt[],
    at: Date,
  ): Promise<void> {
    if (values.length === 0) return;
    const series = await provideSeries(client, runId, values);
    await client.query(RECORDED, [
      values.map(({ key }) => series.get(key)),
      values.map(({ step }) => step),
      values.map(({ value }) => value),
      at,
      epoch,
      [...series.values()],
      Array.from(series)
        .filter(([key]) => lowerIsBetter(key))
        .map(([, id]) => id),
    ]);
  }

  /**
   * Forgets what came after a step, as a part of the caller's transaction, and finds the last and best
   * values anew among the points that are left. A series without any goes.
   *
   * @param stepsPerEpoch every epoch of the run has as many, which tells a point's epoch
   */
  async dropAfter(client: Transaction, runId: string, step: number, stepsPerEpoch: number): Promise<void> {
    const { rows } = await client.query<{ id: number; key: string }>(
      `select id, key from metric_series where run_id = $1 and last_step > $2`,
      [runId, step],
    );
    const ids = rows.map(({ id }) => id);
    await client.query(`delete from metric_point where series_id = any($1) and step > $2`, [ids, step]);
    await client.query(
      `delete from metric_series s where id = any($1)
         and not exists (select from metric_point p where p.series_id = s.id)`,
      [ids],
    );
    await client.query(
      `update metric_series s set last_step = last.step, last_value = last.value,
         best_value = best.value, best_epoch = ceil(best.step::float8 / $3)::int
       from unnest($1::int[], $2::boolean[]) as k (id, lower)
       join lateral (
         select step, value from metric_point where series_id = k.id order by step desc limit 1
       ) last on true
       left join lateral (
         select step, value from metric_point where series_id = k.id and abs(value) < 'Infinity'
         order by case when k.lower then value else -value end, step limit 1
       ) best on true
       where s.id = k.id`,
      [ids, rows.map(({ key }) => lowerIsBetter(key)), stepsPerEpoch],
    );
  }

  async #pointsAfter(
    runId: string,
    key: string,
    step: number | null,
    limit: number,
  ): Promise<readonly MetricPointRecord[]> {
    const { rows } = await this.database.pool.query<MetricPointRecord>(
      `select step, value, at from metric_point
       where series_id = (${SERIES_ID}) and step > coalesce($3, -1) order by step limit $4`,
      [runId, key, step, limit],
    );
    return rows;
  }
}

/** The number of each metric's series; one that is new begins with the first of its values. */
async function provideSeries(
  client: Transaction,
  runId: string,
  values: readonly MetricValueAt[],
): Promise<ReadonlyMap<string, number>> {
  const firsts = new Map<string, MetricValueAt>();
  for (const value of values) if (!firsts.has(value.key)) firsts.set(value.key, value);
  const { rows } = await client.query<{ key: string; id: number }>(
    `select key, id from metric_series where run_id = $1 and key = any($2)`,
    [runId, [...firsts.keys()]],
  );
  const series = new Map(rows.map(({ key, id }) => [key, id]));
  const missing = [...firsts.values()].filter(({ key }) => !series.has(key));
  if (missing.length === 0) return series;
  const made = await client.query<{ key: string; id: number }>(
    `insert into metric_series (run_id, key, last_step, last_value)
     select $1, key, step, value from unnest($2::text[], $3::int[], $4::float8[]) as v (key, step, value)
     returning key, id`,
    [
      runId,
      missing.map(({ key }) => key),
      missing.map(({ step }) => step),
      missing.map(({ value }) => value),
    ],
  );
  for (const { key, id } of made.rows) series.set(key, id);
  return series;
}

const SERIES_ID = `select id from metric_series where run_id = $1 and key = $2`;

/** Whether the best of the points that were added is the best of the series; equal ones keep the earlier epoch. */
const IMPROVES = `(c.best_value is not null and (s.best_value is null
  or case when s.id = any($7::int[]) then c.best_value < s.best_value else c.best_value > s.best_value end
  or (c.best_value = s.best_value and $5 < s.best_epoch)))`;

/** Only points that are new change last and best. The list of series keeps the planner from reading them all. */
const RECORDED = `
  with added as (
    insert into metric_point (series_id, step, value, at)
    select series_id, step, value, $4 from unnest($1::int[], $2::int[], $3::float8[]) as v (series_id, step, value)
    on conflict do nothing
    returning series_id, step, value
  ), change as (
    select series_id, max(step) as last_step, (array_agg(value order by step desc))[1] as last_value,
      case when series_id = any($7::int[]) then min(value) filter (where abs(value) < 'Infinity')
        else max(value) filter (where abs(value) < 'Infinity') end as best_value
    from added group by series_id
  )
  update metric_series s set
    last_step = greatest(s.last_step, c.last_step),
    last_value = case when c.last_step >= s.last_step then c.last_value else s.last_value end,
    best_value = case when ${IMPROVES} then c.best_value else s.best_value end,
    best_epoch = case when ${IMPROVES} then $5::int else s.best_epoch end
  from change c where s.id = c.series_id and s.id = any($6::int[])`;

/**
 * Each stretch is a range of the primary key, so nothing is sorted or grouped; limits keep the planner, which
 * cannot know how long a series is, from joining all of it.
 */
const THINNED = `
  with series as materialized (
    select s.id, $3::bigint as stretches, (select min(step) from metric_point where series_id = s.id)::bigint as first,
      (select max(step) from metric_point where series_id = s.id)::bigint as last
    from (${SERIES_ID}) s
  ), ranges as materialized (
    select id, first + (n * (last + 1 - first) + stretches - 1) / stretches as begins,
      first + ((n + 1) * (last + 1 - first) + stretches - 1) / stretches as ends
    from series, generate_series(0, stretches - 1) as n
  ), stretches as materialized (
    select id, begins, ends, s.* from ranges, lateral (
      select count(*) as points,
        min(value) filter (where abs(value) < 'Infinity') as lowest,
        max(value) filter (where abs(value) < 'Infinity') as highest,
        min(step) filter (where not abs(value) < 'Infinity') as odd_step
      from metric_point p where p.series_id = id and p.step >= begins and p.step < ends
    ) s
  ), kept as (
    select first as step from series union select last from series union select odd_step from stretches
    union select found.step from stretches, lateral (values (lowest), (highest)) as extreme (value), lateral (
      select step from metric_point p
      where p.series_id = id and p.step >= begins and p.step < ends and p.value = extreme.value
      order by step limit 1
    ) found
  )
  select p.*, (select sum(points)::int from stretches) as total
  from kept, lateral (
    select step, value, at from metric_point where series_id = (select id from series) and step = kept.step limit 1
  ) p
  order by p.step`;

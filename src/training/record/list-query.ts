import { AppError } from "../../core/app-error.js";
import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import { runFilterConditions } from "./filter-conditions.js";
import type { RunFilter, RunListRequest, RunOrder, RunOrderField } from "./run-records.js";
import { RUN_COLUMNS, type RunRow } from "./run-row.js";
import { SqlParameters } from "./sql-parameters.js";

/**
 * A list of runs is read in one or two stretches: the runs that have the value ordered by, then those
 * that have none, by id. Each stretch can follow an index; one query with `nulls last` could not.
 *
 * Before a stretch that is filtered, the beginning of it is searched: common runs are found there within
 * milliseconds, whatever the planner believes about the filter. Rare ones are left to the planner, which then
 * begins with the filter.
 */
export interface RunListQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Whether it looks at the beginning of a stretch alone: its rows count only when they fill the page. */
  readonly beginning: boolean;
}

/** Runs that are looked at one by one before the planner is asked to find all. */
const BEGINNING_RUNS = 1_000;

/** What either stretch returns. */
export type OrderedRunRow = RunRow & { readonly orderValue: Date | number | null };

const NEWEST_FIRST: RunOrder = { field: "CREATED_AT", direction: "DESC" };

interface Ordering {
  /** Of the first stretch. */
  readonly source: string;
  /** The same with a beginning in place of all; null where no index gives a beginning. */
  readonly beginning: ((rows: (table: string) => string) => string) | null;
  readonly value: string;
  readonly id: string;
  readonly type: "timestamptz" | "float8";
  /** Conditions on a run of the first and of the second stretch; null where every run has a value. */
  readonly has: string;
  readonly hasNot: string | null;
}

const ORDERINGS: { readonly [Field in RunOrderField]: (metricPlaceholder: string) => Ordering } = {
  CREATED_AT: () => ({
    source: "run r",
    beginning: (rows) => `${rows("run r")} r`,
    value: "r.created_at",
    id: "r.id",
    type: "timestamptz",
    has: "true",
    hasNot: null,
  }),
  DURATION: () => ({
    source: "run r",
    beginning: null,
    value: "extract(epoch from r.ended_at - r.started_at)::float8",
    id: "r.id",
    type: "float8",
    has: "(r.ended_at is not null and r.started_at is not null)",
    hasNot: "(r.ended_at is null or r.started_at is null)",
  }),
  METRIC_BEST: (metric) => metricOrdering("best_value", metric),
  METRIC_LAST: (metric) => metricOrdering("last_value", metric),
};

/** NaN and the infinities count as no value, or a diverged run would lead the list. */
function metricOrdering(column: string, metric: string): Ordering {
  const finite = (table: string): string =>
    `${table}.key = ${metric} and abs(${table}.${column}) < 'Infinity'`;
  return {
    source: "run r join metric_series o on o.run_id = r.id",
    // The offset keeps the filter's conditions out, which an index would otherwise find everywhere.
    beginning: (rows) =>
      `${rows("metric_series o")} o cross join lateral (select * from run where id = o.run_id offset 0) r`,
    value: `o.${column}`,
    id: "o.run_id",
    type: "float8",
    has: `(${finite("o")})`,
    hasNot: `not exists (select from metric_series s where s.run_id = r.id and ${finite("s")})`,
  };
}

/** A checked request. */
interface Wanted {
  readonly filter: RunFilter;
  readonly order: RunOrder;
  readonly cursor: RunCursor | null;
  /** One more than the page has, which tells whether another follows. */
  readonly limit: number;
}

interface RunCursor {
  /** Null: of a run that has no value to be ordered by. */
  readonly value: string | number | null;
  readonly id: string;
}

/**
 * The queries that can hold the page after the cursor, to be read in this order until it is full.
 *
 * @throws AppError `CURSOR_INVALID`, `ORDER_INVALID`, `FILTER_INVALID`
 */
export function runListQueries({ filter, order, page }: RunListRequest): readonly RunListQuery[] {
  const chosen = order ?? NEWEST_FIRST;
  const cursor = page.after === null ? null : decodeRunCursor(page.after, chosen.field);
  const wanted = { filter: filter ?? {}, order: chosen, cursor, limit: page.first + 1 };
  const queries =
    cursor?.value === null
      ? [valuelessQuery(wanted)]
      : [beginningQuery(wanted), valuedQuery(wanted), valuelessQuery(wanted)];
  return queries.filter((query) => query !== null);
}

function beginningQuery({ filter, order, cursor, limit }: Wanted): RunListQuery | null {
  const parameters = new SqlParameters();
  const by = orderingOf(order, parameters);
  const conditions = runFilterConditions(filter, parameters);
  // Without a filter, the stretch itself is read no further than needed.
  if (by.beginning === null || conditions.length === 0) return null;
  const key = [by.value, by.id];
  const first = (table: string): string =>
    `(select * from ${table} where ${[by.has, ...behind(cursor, by, order, parameters)].join(" and ")}
      order by ${sorted(key, order)} limit ${BEGINNING_RUNS})`;
  return {
    sql: `select ${RUN_COLUMNS}, ${by.value} as "orderValue" from ${by.beginning(first)}
      where ${conditions.join(" and ")} order by ${sorted(key, order)} limit ${parameters.add(limit)}`,
    values: parameters.values,
    beginning: true,
  };
}

function valuedQuery({ filter, order, cursor, limit }: Wanted): RunListQuery {
  const parameters = new SqlParameters();
  const by = orderingOf(order, parameters);
  const conditions = [
    by.has,
    ...runFilterConditions(filter, parameters),
    ...behind(cursor, by, order, parameters),
  ];
  return {
    sql: `select ${RUN_COLUMNS}, ${by.value} as "orderValue" from ${by.source} where ${conditions.join(" and ")}
      order by ${sorted([by.value, by.id], order)} limit ${parameters.add(limit)}`,
    values: parameters.values,
    beginning: false,
  };
}

function valuelessQuery({ filter, order, cursor, limit }: Wanted): RunListQuery | null {
  const parameters = new SqlParameters();
  const { hasNot } = orderingOf(order, parameters);
  if (hasNot === null || everyRunHasValue(filter, order)) return null;
  const conditions = [hasNot, ...runFilterConditions(filter, parameters)];
  if (cursor !== null && cursor.value === null) {
    conditions.push(`r.id ${COMPARISONS[order.direction]} ${parameters.add(cursor.id)}`);
  }
  return {
    sql: `select ${RUN_COLUMNS}, null::float8 as "orderValue" from run r where ${conditions.join(" and ")}
      order by ${sorted(["r.id"], order)} limit ${parameters.add(limit)}`,
    values: parameters.values,
    beginning: false,
  };
}

const COMPARISONS = { DESC: "<", ASC: ">" } as const;

/** The condition that a row comes after the cursor; none without one. */
function behind(
  cursor: RunCursor | null,
  { value, id, type }: Ordering,
  { direction }: RunOrder,
  parameters: SqlParameters,
): readonly string[] {
  if (cursor === null) return [];
  const key = `(${parameters.add(cursor.value)}::${type}, ${parameters.add(cursor.id)})`;
  return [`(${value}, ${id}) ${COMPARISONS[direction]} ${key}`];
}

function sorted(key: readonly string[], { direction }: RunOrder): string {
  return key.map((part) => `${part} ${direction}`).join(", ");
}

/** Whether the filter keeps only runs with the value ordered by, so that there is no second stretch to read. */
function everyRunHasValue(filter: RunFilter, { field, metric }: RunOrder): boolean {
  return field === "METRIC_BEST" && (filter.metric ?? []).some(({ key }) => key === metric);
}

export function runCursorOf({ id, orderValue }: OrderedRunRow): string {
  return encodeCursor([orderValue instanceof Date ? orderValue.toISOString() : orderValue, id]);
}

function decodeRunCursor(cursor: string, field: RunOrderField): RunCursor {
  const [value, id] =
    field === "CREATED_AT"
      ? decodeCursor(cursor, ["time", "string"])
      : decodeCursor(cursor, ["numberOrNull", "string"]);
  return { value, id };
}

function orderingOf({ field, metric }: RunOrder, parameters: SqlParameters): Ordering {
  const byMetric = field === "METRIC_BEST" || field === "METRIC_LAST";
  if (byMetric !== (metric !== null && metric !== undefined)) {
    throw new AppError(
      "ORDER_INVALID",
      `\`metric\` is the key of a metric, such as "validation.top1", with METRIC_BEST and METRIC_LAST, and is ` +
        `left out with other fields. Received ${JSON.stringify(metric ?? null)} with ${field}.`,
      { path: ["orderBy", "metric"] },
    );
  }
  return ORDERINGS[field](byMetric ? parameters.add(metric) : "");
}

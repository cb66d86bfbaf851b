import { AppError } from "../../core/app-error.js";
import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import {
  type KeyComparison,
  type KeyRange,
  type Keyset,
  keyComparisons,
  readDirection,
} from "../../core/keyset.js";
import { runFilterConditions } from "./filter-conditions.js";
import type { RunFilter, RunListRequest, RunOrder, RunOrderField } from "./run-records.js";
import { RUN_COLUMNS, type RunRow } from "./run-row.js";
import { SqlParameters } from "./sql-parameters.js";

/**
 * A list of runs is read in one or two stretches: the runs that have the value ordered by, then those without it, by
 * id. Each stretch can follow an index, forward or backward; one query with `nulls last` could not.
 *
 * Before a filtered stretch, only its beginning is searched: common runs are found there within milliseconds, whatever
 * the planner believes about the filter. Rare ones are left to the planner, which then starts from the filter.
 */
export interface RunListQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Whether it searches only the beginning of a stretch: its rows count only when they reach the limit. */
  readonly beginning: boolean;
}

/** Number of runs that are searched before the whole stretch is. */
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

/** Where a run stands in an ordered list. */
export interface RunKey {
  /** Null for a run without the value ordered by. */
  readonly value: string | number | null;
  readonly id: string;
}

/** Which runs of a list to read, and how. */
interface Wanted {
  readonly filter: RunFilter;
  readonly order: RunOrder;
  readonly range: KeyRange<RunKey>;
}

/** @throws AppError `ORDER_INVALID` */
export function runKeyset(order: RunOrder | null | undefined): Keyset<OrderedRunRow, RunKey> {
  const { field } = order ?? NEWEST_FIRST;
  return {
    cursorOf: ({ id, orderValue }) =>
      encodeCursor([orderValue instanceof Date ? orderValue.toISOString() : orderValue, id]),
    keyOf: (cursor, argument) => {
      const [value, id] =
        field === "CREATED_AT"
          ? decodeCursor(cursor, ["time", "string"], argument)
          : decodeCursor(cursor, ["numberOrNull", "string"], argument);
      return { value, id };
    },
  };
}

/**
 * The queries whose rows together are those of the range, to be read in this order until its limit is reached.
 *
 * @throws AppError `ORDER_INVALID`, `FILTER_INVALID`
 */
export function runListQueries(
  { filter, order }: Pick<RunListRequest, "filter" | "order">,
  range: KeyRange<RunKey>,
): readonly RunListQuery[] {
  const wanted = { filter: filter ?? {}, order: order ?? NEWEST_FIRST, range };
  const withValue = range.after?.key.value === null ? [] : [beginningQuery(wanted), valuedQuery(wanted)];
  const withoutValue =
    range.before !== null && range.before.key.value !== null ? [] : [valuelessQuery(wanted)];
  const queries = range.backward ? [...withoutValue, ...withValue] : [...withValue, ...withoutValue];
  return queries.filter((query) => query !== null);
}

function beginningQuery({ filter, order, range }: Wanted): RunListQuery | null {
  const parameters = new SqlParameters();
  const by = orderingOf(order, parameters);
  const conditions = runFilterConditions(filter, parameters);
  // Without a filter, the stretch itself is read no further than needed.
  if (by.beginning === null || conditions.length === 0) return null;
  const sorted = sort([by.value, by.id], order, range);
  const first = (table: string): string =>
    `(select * from ${table} where ${[by.has, ...valuedBounds(by, order, range, parameters)].join(" and ")}
      order by ${sorted} limit ${BEGINNING_RUNS})`;
  return {
    sql: `select ${RUN_COLUMNS}, ${by.value} as "orderValue" from ${by.beginning(first)}
      where ${conditions.join(" and ")} order by ${sorted} limit ${parameters.add(range.limit)}`,
    values: parameters.values,
    beginning: true,
  };
}

function valuedQuery({ filter, order, range }: Wanted): RunListQuery {
  const parameters = new SqlParameters();
  const by = orderingOf(order, parameters);
  const conditions = [
    by.has,
    ...runFilterConditions(filter, parameters),
    ...valuedBounds(by, order, range, parameters),
  ];
  return {
    sql: `select ${RUN_COLUMNS}, ${by.value} as "orderValue" from ${by.source} where ${conditions.join(" and ")}
      order by ${sort([by.value, by.id], order, range)} limit ${parameters.add(range.limit)}`,
    values: parameters.values,
    beginning: false,
  };
}

function valuelessQuery({ filter, order, range }: Wanted): RunListQuery | null {
  const parameters = new SqlParameters();
  const { hasNot } = orderingOf(order, parameters);
  if (hasNot === null || everyRunHasValue(filter, order)) return null;
  const conditions = [
    hasNot,
    ...runFilterConditions(filter, parameters),
    ...bounds(order, range, ({ operator, key }) =>
      key.value === null ? `r.id ${operator} ${parameters.add(key.id)}` : null,
    ),
  ];
  return {
    sql: `select ${RUN_COLUMNS}, null::float8 as "orderValue" from run r where ${conditions.join(" and ")}
      order by ${sort(["r.id"], order, range)} limit ${parameters.add(range.limit)}`,
    values: parameters.values,
    beginning: false,
  };
}

function valuedBounds(
  { value, id, type }: Ordering,
  order: RunOrder,
  range: KeyRange<RunKey>,
  parameters: SqlParameters,
): readonly string[] {
  return bounds(order, range, ({ operator, key }) =>
    key.value === null
      ? null
      : `(${value}, ${id}) ${operator} (${parameters.add(key.value)}::${type}, ${parameters.add(key.id)})`,
  );
}

/**
 * The conditions that keep a stretch within the range.
 *
 * @param compare returns null for a key of the other stretch, which does not bound this one
 */
function bounds(
  order: RunOrder,
  range: KeyRange<RunKey>,
  compare: (comparison: KeyComparison<RunKey>) => string | null,
): readonly string[] {
  return keyComparisons(range, DIRECTIONS[order.direction])
    .map(compare)
    .filter((condition) => condition !== null);
}

function sort(key: readonly string[], order: RunOrder, range: KeyRange<RunKey>): string {
  const direction = readDirection(range, DIRECTIONS[order.direction]);
  return key.map((part) => `${part} ${direction}`).join(", ");
}

const DIRECTIONS = { ASC: "asc", DESC: "desc" } as const;

/** Whether the filter keeps only runs with the value ordered by, so that there is no second stretch to read. */
function everyRunHasValue(filter: RunFilter, { field, metric }: RunOrder): boolean {
  return field === "METRIC_BEST" && (filter.metric ?? []).some(({ key }) => key === metric);
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

import {
  type Expression,
  expressionBuilder,
  type QueryCreator,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from "kysely";
import { AppError } from "../../core/app-error.js";
import { decodeCursor, encodeCursor } from "../../core/cursor.js";
import {
  type KeyComparison,
  type KeyRange,
  type Keyset,
  keyComparisons,
  readDirection,
} from "../../core/keyset.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import { resultColumns } from "../../db/result-columns.js";
import { runFilterConditions } from "./filter-query.js";
import { isFiniteNumber } from "./metric-history-query.js";
import type { RunFilter, RunListRequest, RunOrder, RunOrderField } from "./run-records.js";
import { RUN_FIELDS, type RunRow } from "./run-row.js";

/**
 * A list of runs is read in one or two stretches: the runs that have the value ordered by, then those without it, by
 * id. Each stretch can follow an index, forward or backward; one query with `nulls last` could not.
 *
 * Before a filtered stretch, only its beginning is searched: common runs are found there within milliseconds, whatever
 * the planner believes about the filter. Rare ones are left to the planner, which then starts from the filter.
 */
export interface RunListQuery {
  readonly read: (db: Db) => Promise<readonly OrderedRunRow[]>;
  /** Whether it searches only the beginning of a stretch: its rows count only when they reach the limit. */
  readonly beginning: boolean;
}

/** Number of runs that are searched before the whole stretch is. */
const BEGINNING_RUNS = 1_000;

/** A row of either stretch. */
export type OrderedRunRow = RunRow & { readonly value: Date | number | null };

const NEWEST_FIRST: RunOrder = { field: "CREATED_AT", direction: "DESC" };

type Db = QueryCreator<Tables>;

/** Adds conditions, an order and a limit to a query, whatever tables it reads. */
type Restrict = <DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
) => SelectQueryBuilder<DB, TB, Row>;

interface Ordering {
  readonly value: Expression<Date | number | null>;
  readonly id: Expression<string>;
  readonly type: Expression<unknown>;
  /** Conditions on a run of the first stretch. */
  readonly has: readonly Expression<SqlBool>[];
  /** Condition on a run of the second stretch; null where every run has a value. */
  readonly hasNot: Expression<SqlBool> | null;
  /** Reads the first stretch. */
  readonly read: (db: Db, restrict: Restrict) => Promise<readonly OrderedRunRow[]>;
  /** Reads the runs among the beginning of the first stretch; null where no index gives a beginning. */
  readonly readBeginning:
    | ((db: Db, toBeginning: Restrict, restrict: Restrict) => Promise<readonly OrderedRunRow[]>)
    | null;
}

const COLUMNS = resultColumns("r", RUN_FIELDS);

/** Builds expressions on the tables `run as r` and `metric_series as o`. */
const run = expressionBuilder<Tables & { r: Tables["run"] }, "r">();
const series = expressionBuilder<Tables & { o: Tables["metricSeries"] }, "o">();

const ORDERINGS: { readonly [Field in RunOrderField]: (metric: string) => Ordering } = {
  CREATED_AT: () => ({
    value: run.ref("r.createdAt"),
    id: run.ref("r.id"),
    type: sql`timestamptz`,
    has: [],
    hasNot: null,
    read: (db, restrict) =>
      restrict(db.selectFrom("run as r").select(COLUMNS).select("r.createdAt as value")).execute(),
    readBeginning: (db, toBeginning, restrict) =>
      restrict(
        db
          .selectFrom(toBeginning(db.selectFrom("run as r").selectAll("r")).as("r"))
          .select(COLUMNS)
          .select("r.createdAt as value"),
      ).execute(),
  }),
  DURATION: () =>
    timeOrdering(
      sql<number>`extract(epoch from ${run.ref("r.endedAt")} - ${run.ref("r.startedAt")})::float8`,
    ),
  TRAINING_TIME: () => timeOrdering(run.ref("r.trainingSeconds")),
  METRIC_BEST: (metric) => metricOrdering("bestValue", metric),
  METRIC_LAST: (metric) => metricOrdering("lastValue", metric),
};

/** By a time of runs that have started and ended; that of others still changes. */
function timeOrdering(seconds: Expression<number>): Ordering {
  return {
    value: seconds,
    id: run.ref("r.id"),
    type: sql`float8`,
    has: [run("r.endedAt", "is not", null), run("r.startedAt", "is not", null)],
    hasNot: run.or([run("r.endedAt", "is", null), run("r.startedAt", "is", null)]),
    read: (db, restrict) =>
      restrict(
        db.selectFrom("run as r").select(COLUMNS).select(sql<number>`${seconds}`.as("value")),
      ).execute(),
    readBeginning: null,
  };
}

/** NaN and the infinities count as no value; otherwise a diverged run would lead the list. */
function metricOrdering(column: "bestValue" | "lastValue", metric: string): Ordering {
  return {
    value: series.ref(`o.${column}`),
    id: series.ref("o.runId"),
    type: sql`float8`,
    has: [series("o.key", "=", metric), isFiniteNumber(series.ref(`o.${column}`))],
    hasNot: run.not(
      run.exists(
        run
          .selectFrom("metricSeries as s")
          .whereRef("s.runId", "=", "r.id")
          .where("s.key", "=", metric)
          .where(({ ref }) => isFiniteNumber(ref(`s.${column}`))),
      ),
    ),
    read: (db, restrict) =>
      restrict(
        db
          .selectFrom("run as r")
          .innerJoin("metricSeries as o", "o.runId", "r.id")
          .select(COLUMNS)
          .select(`o.${column} as value`),
      ).execute(),
    readBeginning: (db, toBeginning, restrict) =>
      restrict(
        db
          .selectFrom(toBeginning(db.selectFrom("metricSeries as o").selectAll("o")).as("o"))
          .crossJoinLateral(({ selectFrom }) =>
            selectFrom("run")
              .selectAll("run")
              .whereRef("run.id", "=", "o.runId")
              // Keeps the filter's conditions out, which an index would otherwise find everywhere.
              .offset(sql.lit(0))
              .as("r"),
          )
          .select(COLUMNS)
          .select(`o.${column} as value`),
      ).execute(),
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
  /** The conditions of the filter. */
  readonly conditions: readonly Expression<SqlBool>[];
  readonly by: Ordering;
}

/** @throws AppError `ORDER_INVALID` */
export function runKeyset(order: RunOrder | null | undefined): Keyset<OrderedRunRow, RunKey> {
  const { field } = order ?? NEWEST_FIRST;
  return {
    cursorOf: ({ id, value }) => encodeCursor([value instanceof Date ? value.toISOString() : value, id]),
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
  list: Pick<RunListRequest, "filter" | "order">,
  range: KeyRange<RunKey>,
): readonly RunListQuery[] {
  const filter = list.filter ?? {};
  const order = list.order ?? NEWEST_FIRST;
  const conditions = runFilterConditions(filter);
  const wanted = { filter, order, range, conditions, by: orderingOf(order) };
  const withValue = range.after?.key.value === null ? [] : [beginningQuery(wanted), valuedQuery(wanted)];
  const withoutValue =
    range.before !== null && range.before.key.value !== null ? [] : [valuelessQuery(wanted)];
  const queries = range.backward ? [...withoutValue, ...withValue] : [...withValue, ...withoutValue];
  return queries.filter((query) => query !== null);
}

function beginningQuery({ order, range, conditions, by }: Wanted): RunListQuery | null {
  const { readBeginning } = by;
  // Without a filter, the stretch itself is read no further than needed.
  if (readBeginning === null || conditions.length === 0) return null;
  const sorted = [by.value, by.id];
  const inBeginning = restrict(
    [...by.has, ...valuedBounds(by, order, range)],
    sorted,
    order,
    range,
    BEGINNING_RUNS,
  );
  const wanted = restrict(conditions, sorted, order, range);
  return { read: (db) => readBeginning(db, inBeginning, wanted), beginning: true };
}

function valuedQuery({ order, range, conditions, by }: Wanted): RunListQuery {
  const all = [...by.has, ...conditions, ...valuedBounds(by, order, range)];
  const wanted = restrict(all, [by.value, by.id], order, range);
  return { read: (db) => by.read(db, wanted), beginning: false };
}

function valuelessQuery({ filter, order, range, conditions, by: { hasNot } }: Wanted): RunListQuery | null {
  if (hasNot === null || everyRunHasValue(filter, order)) return null;
  const id = run.ref("r.id");
  const all = [
    hasNot,
    ...conditions,
    ...bounds(order, range, ({ operator, key }) => (key.value === null ? run(id, operator, key.id) : null)),
  ];
  const wanted = restrict(all, [id], order, range);
  return {
    read: (db) =>
      wanted(db.selectFrom("run as r").select(COLUMNS).select(sql<null>`null::float8`.as("value"))).execute(),
    beginning: false,
  };
}

function restrict(
  conditions: readonly Expression<SqlBool>[],
  sorted: readonly Expression<unknown>[],
  order: RunOrder,
  range: KeyRange<RunKey>,
  limit = range.limit,
): Restrict {
  const direction = readDirection(range, DIRECTIONS[order.direction]);
  return (query) => {
    let restricted = query.limit(sql.lit(limit));
    for (const condition of conditions) restricted = restricted.where(condition);
    for (const part of sorted) restricted = restricted.orderBy(part, direction);
    return restricted;
  };
}

function valuedBounds(
  { value, id, type }: Ordering,
  order: RunOrder,
  range: KeyRange<RunKey>,
): readonly Expression<SqlBool>[] {
  return bounds(order, range, ({ operator, key }) =>
    key.value === null
      ? null
      : sql<SqlBool>`(${value}, ${id}) ${OPERATORS[operator]} (${key.value}::${type}, ${key.id})`,
  );
}

const OPERATORS = { "<": sql`<`, "<=": sql`<=`, ">": sql`>`, ">=": sql`>=` } as const;

/**
 * The conditions that keep a stretch within the range.
 *
 * @param compare returns null for a key of the other stretch, which does not bound this one
 */
function bounds(
  order: RunOrder,
  range: KeyRange<RunKey>,
  compare: (comparison: KeyComparison<RunKey>) => Expression<SqlBool> | null,
): readonly Expression<SqlBool>[] {
  return keyComparisons(range, DIRECTIONS[order.direction])
    .map(compare)
    .filter((condition) => condition !== null);
}

const DIRECTIONS = { ASC: "asc", DESC: "desc" } as const;

/** Whether the filter keeps only runs with the value ordered by, so that there is no second stretch to read. */
function everyRunHasValue(filter: RunFilter, { field, metric }: RunOrder): boolean {
  return field === "METRIC_BEST" && (filter.metric ?? []).some(({ key }) => key === metric);
}

function orderingOf({ field, metric }: RunOrder): Ordering {
  const byMetric = field === "METRIC_BEST" || field === "METRIC_LAST";
  if (byMetric !== (metric !== null && metric !== undefined)) {
    throw new AppError(
      "ORDER_INVALID",
      `\`metric\` is the key of a metric, such as "validation.top1", with METRIC_BEST and METRIC_LAST, and is ` +
        `left out with other fields. Received ${JSON.stringify(metric ?? null)} with ${field}.`,
      { path: ["orderBy", "metric"] },
    );
  }
  return ORDERINGS[field](metric ?? "");
}

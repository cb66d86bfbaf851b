import { AppError } from "../core/app-error.js";
import { decodeCursor, encodeCursor } from "../core/cursor.js";
import { runFilterConditions } from "./run-filter-conditions.js";
import type { RunListRequest, RunOrder, RunOrderField } from "./run-records.js";
import { RUN_COLUMNS, type RunRow } from "./run-row.js";
import { SqlParameters } from "./sql-parameters.js";

/**
 * A list of runs is read in one or two stretches: the runs that have the value ordered by, then those
 * that have none, by id. Each stretch can follow an index; one query with `nulls last` could not.
 */
export interface RunListQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What either stretch returns. */
export type OrderedRunRow = RunRow & { readonly orderValue: Date | number | null };

const NEWEST_FIRST: RunOrder = { field: "CREATED_AT", direction: "DESC" };

interface Ordering {
  /** Of the first stretch. */
  readonly source: string;
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
    value: "r.created_at",
    id: "r.id",
    type: "timestamptz",
    has: "true",
    hasNot: null,
  }),
  DURATION: () => ({
    source: "run r",
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
    value: `o.${column}`,
    id: "o.run_id",
    type: "float8",
    has: `(${finite("o")})`,
    hasNot: `not exists (select from metric_series s where s.run_id = r.id and ${finite("s")})`,
  };
}

/**
 * The stretches that can hold the page after the cursor, to be read in this order until it is full.
 *
 * @throws AppError `CURSOR_INVALID`, `ORDER_INVALID`, `FILTER_INVALID`
 */
export function runListQueries({ filter, order, page }: RunListRequest): readonly RunListQuery[] {
  const chosen = order ?? NEWEST_FIRST;
  const cursor = page.after === null ? null : decodeRunCursor(page.after, chosen.field);
  const stretches: RunListQuery[] = [];
  for (const stretch of ["valued", "valueless"] as const) {
    if (stretch === "valued" && cursor !== null && cursor.value === null) continue;
    const parameters = new SqlParameters();
    const by = orderingOf(chosen, parameters);
    const membership = stretch === "valued" ? by.has : by.hasNot;
    if (membership === null) continue;

    const [comparison, direction] = chosen.direction === "DESC" ? ["<", "desc"] : [">", "asc"];
    const conditions = [membership, ...runFilterConditions(filter ?? {}, parameters)];
    const key = stretch === "valued" ? [by.value, by.id] : ["r.id"];
    if (cursor !== null && (stretch === "valued" || cursor.value === null)) {
      const bounds = stretch === "valued" ? [`${parameters.add(cursor.value)}::${by.type}`] : [];
      conditions.push(
        `(${key.join(", ")}) ${comparison} (${[...bounds, parameters.add(cursor.id)].join(", ")})`,
      );
    }
    stretches.push({
      sql: `select ${RUN_COLUMNS}, ${stretch === "valued" ? by.value : "null::float8"} as "orderValue"
        from ${stretch === "valued" ? by.source : "run r"}
        where ${conditions.join(" and ")}
        order by ${key.map((part) => `${part} ${direction}`).join(", ")}
        limit ${parameters.add(page.first + 1)}`,
      values: parameters.values,
    });
  }
  return stretches;
}

export function runCursorOf({ id, orderValue }: OrderedRunRow): string {
  return encodeCursor([orderValue instanceof Date ? orderValue.toISOString() : orderValue, id]);
}

function decodeRunCursor(
  cursor: string,
  field: RunOrderField,
): { value: string | number | null; id: string } {
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

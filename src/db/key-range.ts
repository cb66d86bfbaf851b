import { type RawBuilder, type SelectQueryBuilder, type SqlBool, type StringReference, sql } from "kysely";
import {
  type KeyComparison,
  type KeyRange,
  keyComparisons,
  readDirection,
  type SortDirection,
} from "../core/keyset.js";

type Key = readonly (string | number)[];

/** Sort order of a list: the columns of its key, all in one direction. */
export interface KeyOrder<DB, TB extends keyof DB> {
  readonly columns: readonly StringReference<DB, TB>[];
  readonly direction: SortDirection;
}

/**
 * Restricts a query to a range of a list, in the order in which the range is read. It compares whole keys, so an index
 * on the columns serves both directions.
 */
export function inKeyRange<DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { columns, direction }: KeyOrder<DB, TB>,
  range: KeyRange<Key>,
): SelectQueryBuilder<DB, TB, Row> {
  let restricted = query;
  for (const comparison of keyComparisons(range, direction)) {
    restricted = restricted.where(compared(columns, comparison));
  }
  for (const column of columns) {
    restricted = restricted.orderBy(sql.ref(column), readDirection(range, direction));
  }
  return restricted.limit(range.limit);
}

function compared(columns: readonly string[], { operator, key }: KeyComparison<Key>): RawBuilder<SqlBool> {
  const tuple = sql.join(columns.map((column) => sql.ref(column)));
  // A whole number of a cursor may exceed the type of its column.
  const values = sql.join(key.map((part) => (typeof part === "number" ? sql`${part}::bigint` : part)));
  return sql<SqlBool>`(${tuple}) ${sql.raw(operator)} (${values})`;
}

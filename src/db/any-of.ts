import { type RawBuilder, sql } from "kysely";

/**
 * The right side of `where("id", "=", anyOf(ids))`. The list is one parameter: it may be empty, and its length does not
 * change the statement.
 */
export function anyOf<T>(values: readonly T[]): RawBuilder<T> {
  return sql<T>`any(${values})`;
}

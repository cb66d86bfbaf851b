import { CompiledQuery, type Kysely, type QueryResult } from "kysely";
import type { Tables } from "../../src/db/generated/kysely/tables.js";

/**
 * Runs SQL as it is written, for tests that look at rows or bring about what no store does. Columns of the result are
 * in camel case.
 *
 * @param on a database, or a transaction in it
 */
export function rawSql<Row = Record<string, unknown>>(
  on: { readonly kysely: Kysely<Tables> },
  text: string,
  values: readonly unknown[] = [],
): Promise<QueryResult<Row>> {
  return on.kysely.executeQuery(CompiledQuery.raw(text, [...values]));
}

import { CompiledQuery, type Kysely, type QueryResult } from "kysely";
import type { Tables } from "../../../src/db/generated/kysely/tables.js";

/**
 * Runs SQL as it is written, for tests that read rows or create a state that no store creates. Columns of the result are
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

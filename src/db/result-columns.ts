import { RawNode } from "kysely";
import { COLUMN_NAMES } from "./kysely.js";

/**
 * Columns for the `select` of a query that every page runs, as one piece of SQL. Kysely parses, copies and compiles each
 * column that is given by itself, which takes longer than everything else that such a query costs here; and a result
 * whose columns have the names of its fields does not need to be renamed.
 *
 * For the rows that a query returns, not for a query within another one, which would not find the columns by these names.
 *
 * @param table its name in the query
 */
export function resultColumns<Table extends string, Column extends string>(
  table: Table,
  columns: readonly Column[],
): readonly `${Table}.${Column}`[] {
  const named = columns.map((column) => `${quoted(table)}.${quoted(column)} as "${column}"`);
  const node = RawNode.createWithSql(named.join(", "));
  const selection = { toOperationNode: () => node };
  // Kysely accepts any source of a node. The type is that of the names, so that it checks them and types the rows.
  return [selection as unknown as `${Table}.${Column}`];
}

function quoted(name: string): string {
  return `"${COLUMN_NAMES.inDatabase(name)}"`;
}

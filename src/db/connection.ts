import type { Kysely, QueryCreator } from "kysely";
import type { Prisma } from "./generated/client.js";
import type { Tables } from "./generated/kysely/tables.js";

/**
 * Access to the tables: through the pool (`Database`) or inside one transaction (`Transaction`).
 *
 * When to use which:
 *
 * - `prisma` for ordinary reads and writes: find, list by relation, create, update, delete, count.
 * - `kysely` for statements whose SQL matters: queue claims and leases (`for update skip locked`), batches (`unnest`),
 *   keyset pages and lists with dynamic filters, event tails, joins and aggregates on hot paths, and whatever must be
 *   one atomic statement (`insert ... on conflict do nothing`). A Prisma query costs the event loop two to three times
 *   as much as the same query in Kysely, which is a few tenths of a millisecond.
 *
 * Both are typed from `prisma/schema.prisma`, so that renaming a column breaks the compile at each use. Kysely's `sql`
 * template covers what its builder lacks. A column inside of it is written `${ref("table.column")}` with the `ref` of
 * an expression builder, which is checked, and never as text.
 *
 * Prisma returns `BigInt` columns as `bigint`, and Kysely as `number`.
 */
export interface Connection {
  readonly prisma: Prisma.TransactionClient;
  readonly kysely: Queries;
}

/** Kysely without transactions of its own: `Database.transaction` is the only one to begin them. */
export type Queries = QueryCreator<Tables> & Pick<Kysely<Tables>, "fn" | "getExecutor">;

/**
 * The columns of a table, for `satisfies` behind the object that a callback of `set` returns. The compiler lets other
 * properties pass there.
 */
export type ColumnsOf<Table extends keyof Tables> = { readonly [Column in keyof Tables[Table]]?: unknown };

import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool } from "kysely";
import type pg from "pg";
import type { Tables } from "./generated/kysely/tables.js";

/** Shared because it remembers the names it has translated. Keys inside JSON values stay as they are. */
const CAMEL_CASE = new CamelCasePlugin({ maintainNestedObjectKeys: true });

/** Kysely over all connections of a pool. The caller ends the pool; nothing else needs to be disposed. */
export function kyselyOverPool(pool: PostgresPool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: [CAMEL_CASE] });
}

/**
 * Kysely over one connection, which the caller releases.
 *
 * @param checkOpen throws when the connection may not be used any more
 */
export function kyselyOverClient(client: pg.PoolClient, checkOpen: () => void): Kysely<Tables> {
  // The `query` of the client itself, without the `release` that would give it back to the pool.
  const lent = { query: client.query.bind(client), release: () => {} };
  return kyselyOverPool({
    connect: async () => {
      checkOpen();
      return lent;
    },
    end: async () => {},
    options: {},
  });
}

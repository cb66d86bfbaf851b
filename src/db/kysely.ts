import {
  CamelCasePlugin,
  Kysely,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PostgresDialect,
  type PostgresPoolClient,
  PostgresQueryCompiler,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
} from "kysely";
import type pg from "pg";
import type { Tables } from "./generated/kysely/tables.js";

/** Translates the names of columns. The rows of one result have the same names, so these are translated once. */
class ColumnNames extends CamelCasePlugin {
  /** `ColumnNameCompiler` translates the names of a query, which saves a copy of its tree. */
  override transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node;
  }

  /** The name in the database of a column or a table. */
  inDatabase(name: string): string {
    return this.snakeCase(name);
  }

  override async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const names = Object.keys(result.rows[0] ?? {}).map((name) => [name, this.camelCase(name)] as const);
    if (names.every(([name, translated]) => name === translated)) return result;
    const rows = result.rows.map((row) => {
      const translatedRow: UnknownRow = {};
      for (const [name, translated] of names) translatedRow[translated] = row[name];
      return translatedRow;
    });
    return { ...result, rows };
  }
}

/** Shared because it remembers the names it has translated. */
export const COLUMN_NAMES = new ColumnNames();

class ColumnNameCompiler extends PostgresQueryCompiler {
  protected override sanitizeIdentifier(name: string): string {
    return super.sanitizeIdentifier(COLUMN_NAMES.inDatabase(name));
  }
}

class ColumnNameDialect extends PostgresDialect {
  override createQueryCompiler(): ColumnNameCompiler {
    return new ColumnNameCompiler();
  }
}

/**
 * Kysely over all connections of a pool, each statement through the pool's `query`. The caller ends the pool; nothing
 * else needs to be disposed.
 */
export function kyselyOverPool(pool: pg.Pool): Kysely<Tables> {
  return kyselyOver({ query: pool.query.bind(pool), release: () => {} });
}

/**
 * Kysely over one connection, which the caller releases.
 *
 * @param checkOpen throws when the connection may not be used any more
 */
export function kyselyOverClient(client: pg.PoolClient, checkOpen: () => void): Kysely<Tables> {
  // The `query` of the client itself, without the `release` that would give it back to the pool.
  return kyselyOver({ query: client.query.bind(client), release: () => {} }, checkOpen);
}

function kyselyOver(client: PostgresPoolClient, checkOpen: () => void = () => {}): Kysely<Tables> {
  const pool = {
    connect: async () => {
      checkOpen();
      return client;
    },
    end: async () => {},
    options: {},
  };
  return new Kysely<Tables>({ dialect: new ColumnNameDialect({ pool }), plugins: [COLUMN_NAMES] });
}

import pg from "pg";

/**
 * The numbers that Prisma's schema engine uses for the types in PostgreSQL's catalog, by type id. Prisma's driver
 * adapter does not know "char" (18), so it cannot describe a database to the engine.
 */
const COLUMN_TYPES: Readonly<Record<number, number>> = {
  16: 5, // bool: Boolean
  18: 6, // "char": Character
  19: 7, // name: Text
  20: 1, // int8: Int64
  21: 0, // int2: Int32
  23: 0, // int4: Int32
  25: 7, // text: Text
  26: 1, // oid: Int64
  1002: 70, // "char"[]: CharacterArray
  1003: 71, // name[]: TextArray
  1005: 64, // int2[]: Int32Array
  1007: 64, // int4[]: Int32Array
  1009: 71, // text[]: TextArray
  1043: 7, // varchar: Text
  1700: 4, // numeric: Numeric
};

const TEXT_ARRAY = 1009;
const PARSED_AS_TEXT_ARRAY: ReadonlySet<number> = new Set([1002, 1003]);

interface EngineQuery {
  readonly sql: string;
  readonly args: readonly unknown[];
}

/** A connection for the schema engine, which can read the catalog and write nothing. */
export function catalogReader(client: pg.Client, schemaName: string): object {
  const connection = {
    provider: "postgres",
    adapterName: "catalog-reader",
    getConnectionInfo: () => outcome({ schemaName, supportsRelationJoins: true }),
    queryRaw: async ({ sql, args }: EngineQuery) => {
      const { fields, rows } = await client.query<unknown[]>({
        text: sql,
        values: [...args],
        rowMode: "array",
        types: { getTypeParser: catalogTypeParser },
      });
      return outcome({
        columnNames: fields.map(({ name }) => name),
        columnTypes: fields.map(({ dataTypeID }) => columnType(dataTypeID)),
        rows,
      });
    },
    // The engine may set session parameters, which end with the connection.
    executeScript: async (script: string) => {
      await client.query(script);
      return outcome(undefined);
    },
    executeRaw: async ({ sql }: EngineQuery) => {
      throw new Error(`Comparing a schema only reads the database. Received ${sql}.`);
    },
    dispose: async () => outcome(undefined),
  };
  const connect = async () => outcome(connection);
  return { provider: "postgres", adapterName: connection.adapterName, connect, connectToShadowDb: connect };
}

/** Wraps a result as the engine expects it, which lets errors of the driver pass through the engine. */
function outcome<T>(value: T): { ok: true; value: T; map: unknown } {
  return { ok: true, value, map: (change: (value: T) => unknown) => outcome(change(value)) };
}

function columnType(typeId: number): number {
  const type = COLUMN_TYPES[typeId];
  if (type === undefined) throw new Error(`The schema engine has no number for the catalog type ${typeId}.`);
  return type;
}

const catalogTypeParser: typeof pg.types.getTypeParser = ((typeId: number, format: "text") =>
  pg.types.getTypeParser(
    PARSED_AS_TEXT_ARRAY.has(typeId) ? TEXT_ARRAY : typeId,
    format,
  )) as typeof pg.types.getTypeParser;

import pg from "pg";
import type { Log } from "../telemetry/log.js";

const MAX_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** A process that was stopped in the middle of a transaction must not keep its locks from others. */
const IDLE_IN_TRANSACTION_MS = 5_000;

/** Connects when a query needs a connection. The caller ends the pool. */
export function openPool(url: string, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: "espalier",
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: { getTypeParser: typeParser },
  });
  // Kysely holds connections without listening: one that is lost while no query runs on it would end the process. The
  // next query on it fails with the same error.
  pool.on("connect", (client) => client.on("error", () => {}));
  // The server closed an idle connection; the pool replaces it.
  pool.on("error", (error) => log.warn("lost a connection to the database", { error }));
  return pool;
}

/** int8 becomes a number, as `prisma/schema.prisma` tells Kysely. Prisma Client has its own parsers. */
const typeParser: typeof pg.types.getTypeParser = ((typeId: number, format: "text") =>
  typeId === pg.types.builtins.INT8
    ? parseInt8
    : pg.types.getTypeParser(typeId, format)) as typeof pg.types.getTypeParser;

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number.`);
  return value;
}

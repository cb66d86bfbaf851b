import pg from "pg";
import type { Log } from "../telemetry/log.js";
import type { DatabaseTarget } from "./connecting/database-target.js";
import { setSession } from "./connecting/session-settings.js";
import { CallbackClient } from "./pool-client.js";
import { OutcomeUnknown } from "./trouble/database-error.js";
import type { Patience } from "./trouble/patience.js";
import { temporaryFailureOf } from "./trouble/temporary-failure.js";

const MAX_CONNECTIONS = 16;
/** A process that was stopped in the middle of a transaction must not keep its locks from others. */
const IDLE_IN_TRANSACTION_MS = 5_000;

/**
 * A pool whose single statements (`query`) outlast restarts, failovers, deadlocks and serialization failures. `connect`
 * is the plain one: what runs on its connection is up to the caller.
 */
export class PatientPool extends pg.Pool {
  constructor(
    config: pg.PoolConfig,
    readonly patience: Patience,
  ) {
    super(config);
    const query = (...args: Parameters<pg.PoolClient["query"]>): Promise<unknown> =>
      patience.outlast(() => this.#once(args));
    this.query = query as pg.Pool["query"];
  }

  async #once(args: Parameters<pg.PoolClient["query"]>): Promise<unknown> {
    const client = await this.connect();
    let broken: Error | undefined;
    try {
      return await client.query(...args);
    } catch (error) {
      const failure = temporaryFailureOf(error);
      // The server behind the connection may not be the primary any more.
      if (failure === "UNREACHABLE" || failure === "READ_ONLY") broken = error as Error;
      throw failure === "UNREACHABLE" && !isRead(args[0]) ? new OutcomeUnknown(error) : error;
    } finally {
      client.release(broken);
    }
  }
}

/** Whether a statement may run twice. No statement that begins with `select` changes rows here; `pg_notify` may ring twice. */
function isRead(query: unknown): boolean {
  const text = typeof query === "object" && query !== null && "text" in query ? query.text : query;
  return typeof text === "string" && /^\s*select\b/i.test(text);
}

/** Connects when a query needs a connection. The caller ends the pool. */
export function openPool(target: DatabaseTarget, patience: Patience, log: Log): PatientPool {
  const config = {
    ...target.clientConfig(""),
    Client: CallbackClient,
    max: target.connectionLimit ?? MAX_CONNECTIONS,
    // The pool waits for what the types of pg call void.
    onConnect: (client: pg.ClientBase) => setSession(client, target.schema, IDLE_IN_TRANSACTION_MS),
    types: { getTypeParser: typeParser },
  };
  const pool = new PatientPool(config, patience);
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

import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import type { Log } from "../telemetry/log.js";
import { isConnectionLoss } from "./connection-loss.js";
import { PrismaClient } from "./generated/client.js";
import { Notifier } from "./notifier.js";
import { unreachable } from "./unreachable.js";

const MAX_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** A process that was stopped in the middle of a transaction must not keep its locks from others. */
const IDLE_IN_TRANSACTION_MS = 5_000;

/** The connections to Postgres: a pool for SQL, Prisma over the same pool, and the doorbell. */
export class Database implements AsyncDisposable {
  private constructor(
    readonly url: string,
    readonly pool: pg.Pool,
    readonly prisma: PrismaClient,
    readonly notifier: Notifier,
  ) {}

  /**
   * Opens a database whose migrations are applied (`applyMigrations`).
   *
   * @throws AppError `DATABASE_UNREACHABLE`
   */
  static async open(url: string, log: Log): Promise<Database> {
    const pool = new pg.Pool({
      connectionString: url,
      application_name: "espalier",
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    });
    // Connections at rest that the server closed; the pool replaces them by itself.
    pool.on("error", (error) => log.warn("lost a connection to the database", { error }));
    try {
      const notifier = await Notifier.start(url, pool, log);
      return new Database(url, pool, new PrismaClient({ adapter: new PrismaPg(pool) }), notifier);
    } catch (cause) {
      await pool.end();
      throw unreachable(url, cause);
    }
  }

  /**
   * Runs `work` in one transaction (read committed) on one connection: all of it is kept, or, when it
   * throws, none.
   *
   * @throws AppError `DATABASE_UNREACHABLE` when the server is away or goes away. When it went while the
   *   transaction was committed, nobody knows whether it was
   */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    try {
      return await this.#inTransaction(work);
    } catch (error) {
      throw isConnectionLoss(error) ? unreachable(this.url, error) : error;
    }
  }

  async #inTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    // A connection lost between two queries; the next query fails with it. Unheard, it would end the process.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on("error", onError);
    try {
      await client.query("BEGIN");
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.off("error", onError);
      // A connection that is lost or cannot roll back is in an unknown state, so it leaves the pool.
      client.release(broken);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.notifier[Symbol.asyncDispose]();
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}

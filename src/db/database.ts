import type { Kysely } from "kysely";
import type pg from "pg";
import type { Log } from "../telemetry/log.js";
import type { Connection } from "./connection.js";
import { isConnectionLoss } from "./connection-loss.js";
import { PrismaClient } from "./generated/client.js";
import type { Tables } from "./generated/kysely/tables.js";
import { kyselyOverPool } from "./kysely.js";
import { Notifier } from "./notifier.js";
import { openPool } from "./pool.js";
import { PrismaAdapter } from "./prisma-adapter.js";
import { Session } from "./session.js";
import type { Transaction } from "./transaction.js";
import { unreachable } from "./unreachable.js";

/** The connections to PostgreSQL: one pool, which Prisma Client and Kysely share, and the doorbell. */
export class Database implements Connection, AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly pool: pg.Pool,
    private readonly adapter: PrismaAdapter,
    readonly prisma: PrismaClient,
    readonly kysely: Kysely<Tables>,
    readonly notifier: Notifier,
  ) {}

  /**
   * Opens a database whose migrations are applied (`applyMigrations`).
   *
   * @throws AppError `DATABASE_UNREACHABLE`
   */
  static async open(url: string, log: Log): Promise<Database> {
    const pool = openPool(url, log);
    try {
      const kysely = kyselyOverPool(pool);
      const adapter = new PrismaAdapter(pool);
      const prisma = new PrismaClient({ adapter });
      return new Database(url, pool, adapter, prisma, kysely, await Notifier.start(url, kysely, log));
    } catch (cause) {
      await pool.end();
      throw unreachable(url, cause);
    }
  }

  /**
   * Runs `work` in one transaction (read committed) on one connection. All of it is kept, or none when it throws.
   *
   * @throws AppError `DATABASE_UNREACHABLE` when the connection cannot be made or is lost. When it was lost during the
   *   commit, the transaction may or may not have been committed
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      await using session = await this.session();
      return await session.transaction(work);
    } catch (error) {
      throw isConnectionLoss(error) ? unreachable(this.url, error) : error;
    }
  }

  /**
   * Reserves one of the few connections, for what must outlast a transaction, such as a session lock.
   *
   * @throws the error of `pg` when the connection cannot be made
   */
  session(): Promise<Session> {
    return Session.open(this.pool, this.prisma, this.adapter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.notifier[Symbol.asyncDispose]();
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}

import type { Kysely } from "kysely";
import type { Log } from "../telemetry/log.js";
import { DatabaseTarget } from "./connecting/database-target.js";
import type { Connection } from "./connection.js";
import { PrismaClient } from "./generated/client.js";
import type { Tables } from "./generated/kysely/tables.js";
import { kyselyOverPool } from "./kysely.js";
import { Notifier } from "./notifier.js";
import { openPool, type PatientPool } from "./pool.js";
import { PrismaAdapter, withAppErrors } from "./prisma-adapter.js";
import { Session } from "./session.js";
import type { Transaction } from "./transaction.js";
import { startError } from "./trouble/database-error.js";
import { Patience } from "./trouble/patience.js";
import { Readiness } from "./trouble/readiness.js";

/** The connections to PostgreSQL: one pool, which Prisma Client and Kysely share, and the doorbell. */
export class Database implements Connection, AsyncDisposable {
  readonly prisma: PrismaClient;
  readonly #readiness: Readiness;

  private constructor(
    private readonly target: DatabaseTarget,
    private readonly pool: PatientPool,
    private readonly adapter: PrismaAdapter,
    private readonly client: PrismaClient,
    readonly kysely: Kysely<Tables>,
    readonly notifier: Notifier,
  ) {
    this.prisma = withAppErrors(client);
    this.#readiness = new Readiness(target.name, pool);
  }

  /**
   * Opens a database whose migrations are applied (`applyMigrations`).
   *
   * @param url in a form of `databaseUrlOf`
   * @param patienceMs how long work waits for a server that restarts or fails over
   * @throws AppError `DATABASE_URL_INVALID`, `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`
   */
  static async open(url: string, log: Log, patienceMs?: number): Promise<Database> {
    const target = await DatabaseTarget.of(url);
    const pool = openPool(target, new Patience(target, log, patienceMs), log);
    try {
      const kysely = kyselyOverPool(pool);
      const adapter = new PrismaAdapter(pool, { schema: target.schema });
      const notifier = await Notifier.start(target, kysely, log);
      return new Database(target, pool, adapter, new PrismaClient({ adapter }), kysely, notifier);
    } catch (cause) {
      await pool.end();
      throw startError(target, cause);
    }
  }

  get url(): string {
    return this.target.url;
  }

  /**
   * Runs `work` in one transaction (read committed) on one connection. All of it is kept, or none when it throws. While
   * the server restarts or fails over, and after a deadlock or a serialization failure, `work` runs again from its
   * beginning, so it must change nothing but the database.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY` or `DATABASE_CONFLICT` when that takes too long. When the
   *   connection was lost during the commit, the transaction may or may not have been committed
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.pool.patience.outlast(async () => {
      await using session = await this.session();
      return await session.transaction(work);
    });
  }

  /**
   * Runs work that uses a session of its own (`session`) and may be repeated, as `transaction` does.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY` or `DATABASE_CONFLICT`
   */
  outlast<T>(work: () => Promise<T>): Promise<T> {
    return this.pool.patience.outlast(work);
  }

  /** The error that callers see when the work of a session failed: an AppError where the cause can pass. */
  translate(error: unknown): unknown {
    return this.pool.patience.translate(error);
  }

  /**
   * Checks at once, without waiting for a server that is away, that it answers and accepts writes.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`
   */
  checkReady(): Promise<void> {
    return this.#readiness.check();
  }

  /** Ends all waits for the server, now and from now on, because the process ends. */
  hurry(): void {
    this.pool.patience.hurry();
  }

  /**
   * Reserves one of the few connections, for what must outlast a transaction, such as a session lock.
   *
   * @throws the error of `pg` when the connection cannot be made
   */
  session(): Promise<Session> {
    return Session.open(this.pool, this.client, this.adapter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.notifier[Symbol.asyncDispose]();
    await this.client.$disconnect();
    await this.pool.end();
  }
}

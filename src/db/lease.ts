import { sql } from "kysely";
import type { Database } from "./database.js";
import type { Session } from "./session.js";
import type { Transaction } from "./transaction.js";

/** The right of this process to do one piece of work, until it is disposed. The death of the process ends it. */
export class Lease implements AsyncDisposable {
  private constructor(
    private readonly database: Database,
    private readonly session: Session,
  ) {}

  /**
   * @param key of the work, such as `import:<id>`
   * @returns null while another lease of the work exists, in this process or another one
   * @throws AppError `DATABASE_UNREACHABLE`
   */
  static async take(database: Database, key: string): Promise<Lease | null> {
    return database.outlast(() => Lease.#tryToTake(database, key));
  }

  static async #tryToTake(database: Database, key: string): Promise<Lease | null> {
    // The lock lasts as long as its connection, so it ends with the process.
    const session = await database.session();
    const lease = new Lease(database, session);
    try {
      const { taken } = await session.kysely
        .selectNoFrom(sql<boolean>`pg_try_advisory_lock(hashtextextended(${key}, 0))`.as("taken"))
        .executeTakeFirstOrThrow();
      if (taken) return lease;
      await session[Symbol.asyncDispose]();
      return null;
    } catch (error) {
      session.discard();
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Runs `work` in one transaction on the connection that holds the lease: a process that lost the connection can no longer
   * write, and takes a new lease.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`, `DATABASE_CONFLICT`
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.session.transaction(work).catch((error: unknown) => {
      throw this.database.translate(error);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await sql`select pg_advisory_unlock_all()`.execute(this.session.kysely).catch(() => {
      this.session.discard();
    });
    await this.session[Symbol.asyncDispose]();
  }
}

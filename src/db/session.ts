import type { Kysely } from "kysely";
import type pg from "pg";
import type { PrismaClient } from "./generated/client.js";
import type { Tables } from "./generated/kysely/tables.js";
import { kyselyOverClient } from "./kysely.js";
import type { PrismaAdapter } from "./prisma-adapter.js";
import { Transaction } from "./transaction.js";
import { OutcomeUnknown } from "./trouble/database-error.js";
import { temporaryFailureOf } from "./trouble/temporary-failure.js";

/**
 * Prisma ends an interactive transaction after a timeout even while it works. The longest time that `setTimeout` takes
 * leaves that to `idle_in_transaction_session_timeout`, which ends idle ones alone.
 */
const NEVER_MS = 2 ** 31 - 1;

/** One connection, taken from the pool until it is disposed. It keeps session locks across transactions. */
export class Session implements AsyncDisposable {
  readonly kysely: Kysely<Tables>;
  #broken: Error | undefined;
  #isOpen = true;

  private constructor(
    private readonly client: pg.PoolClient,
    private readonly prisma: PrismaClient,
    private readonly adapter: PrismaAdapter,
  ) {
    this.kysely = kyselyOverClient(client, () => {
      if (!this.#isOpen) throw new Error("The session is over. Every query of it must be awaited within it.");
    });
    client.on("error", this.#onError);
  }

  /** @throws the error of `pg` when no connection can be made */
  static async open(pool: pg.Pool, prisma: PrismaClient, adapter: PrismaAdapter): Promise<Session> {
    return new Session(await pool.connect(), prisma, adapter);
  }

  /**
   * Runs `work` in a transaction (read committed). All of it is kept, or none when it throws.
   *
   * @throws OutcomeUnknown when the connection was lost during the commit; the errors of `pg` and Prisma as they are
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      await this.client.query("BEGIN");
      const result = await this.#withPrisma(work);
      const { command } = await this.#commit();
      // PostgreSQL answers this, and no error, when a statement failed and `work` went on regardless.
      if (command === "ROLLBACK")
        throw new Error("The transaction was rolled back: one of its statements failed.");
      return result;
    } catch (error) {
      await this.client.query("ROLLBACK").catch(this.#onError);
      // The server behind the connection may not be the primary any more.
      if (temporaryFailureOf(error) === "READ_ONLY") this.discard();
      throw error;
    }
  }

  async #commit(): Promise<pg.QueryResult> {
    try {
      return await this.client.query("COMMIT");
    } catch (error) {
      throw temporaryFailureOf(error) === "UNREACHABLE" ? new OutcomeUnknown(error) : error;
    }
  }

  /** Closes the connection when the session ends, so that it does not serve others, and its locks are released. */
  discard(): void {
    this.#broken ??= new Error("discarded");
  }

  #withPrisma<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const inTransaction = async (prisma: Transaction["prisma"]): Promise<T> => {
      const transaction = new Transaction(this.client, prisma);
      try {
        return await work(transaction);
      } finally {
        transaction.close();
      }
    };
    return this.adapter.join(this.client, () =>
      this.prisma.$transaction(inTransaction, { timeout: NEVER_MS, maxWait: NEVER_MS }),
    );
  }

  /**
   * A connection that is lost or cannot roll back is in an unknown state, so it leaves the pool. When it is lost
   * between two queries, the next query fails; without a listener, the event would end the process.
   */
  readonly #onError = (error: Error): void => {
    this.#broken = error;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    this.client.off("error", this.#onError);
    this.client.release(this.#broken);
  }
}

import { type Kysely, sql } from "kysely";
import type pg from "pg";
import type { Connection } from "./connection.js";
import type { Prisma } from "./generated/client.js";
import type { Tables } from "./generated/kysely/tables.js";
import { kyselyOverClient } from "./kysely.js";

/** One transaction on one connection. Prisma Client and Kysely see each other's changes in it. */
export class Transaction implements Connection {
  readonly kysely: Kysely<Tables>;
  #isOpen = true;

  constructor(
    client: pg.PoolClient,
    readonly prisma: Prisma.TransactionClient,
  ) {
    this.kysely = kyselyOverClient(client, () => this.#checkOpen());
  }

  /**
   * Waits until no other transaction holds the lock of this name, and holds it until the transaction ends. It locks
   * nothing but others that ask for it.
   */
  async lock(name: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(this.kysely);
  }

  /** Refuses queries from now on: the connection may serve another transaction. */
  close(): void {
    this.#isOpen = false;
  }

  #checkOpen(): void {
    if (!this.#isOpen)
      throw new Error("The transaction is over. Every query of it must be awaited within it.");
  }
}

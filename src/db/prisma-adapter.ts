import { AsyncLocalStorage } from "node:async_hooks";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";

type Adapter = Awaited<ReturnType<PrismaPg["connect"]>>;
type AdapterTransaction = Awaited<ReturnType<Adapter["startTransaction"]>>;

/**
 * Prisma's adapter over a pool, which can also run an interactive transaction on a connection that is inside a
 * transaction already. Prisma Client and Kysely share a transaction this way, and one PrismaClient with one cache of
 * compiled queries serves all connections. (A PrismaClient for each connection would take 5 MB and 30 ms each.)
 */
export class PrismaAdapter extends PrismaPg {
  /** Hands a connection over from `join` to the `startTransaction` that it causes. */
  readonly #joining = new AsyncLocalStorage<{ client: pg.PoolClient | null }>();

  /**
   * Makes the interactive transaction that `begin` starts run on `client`. Its begin, commit and rollback do nothing:
   * they remain with the owner of the connection.
   */
  join<T>(client: pg.PoolClient, begin: () => Promise<T>): Promise<T> {
    return this.#joining.run({ client }, begin);
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    const startOwn = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = (isolationLevel) => {
      const joining = this.#joining.getStore();
      const client = joining?.client ?? null;
      if (joining === undefined || client === null) return startOwn(isolationLevel);
      // The transaction's own work inherits the store and must not join again.
      joining.client = null;
      return joinedTransaction(client);
    };
    return adapter;
  }
}

async function joinedTransaction(client: pg.PoolClient): Promise<AdapterTransaction> {
  const adapter = await new PrismaPg(new SingleConnection(client)).connect();
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    // Keeps Prisma from sending BEGIN and COMMIT itself.
    options: { usePhantomQuery: true },
    queryRaw: (query) => adapter.queryRaw(query),
    executeRaw: (query) => adapter.executeRaw(query),
    commit: async () => {},
    rollback: async () => {},
  };
}

/** A pool in form alone, since Prisma's adapter takes nothing else: all queries run on the one connection. */
class SingleConnection extends pg.Pool {
  constructor(client: pg.PoolClient) {
    super();
    this.query = client.query.bind(client);
  }
}

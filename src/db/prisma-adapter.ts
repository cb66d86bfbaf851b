import { AsyncLocalStorage } from "node:async_hooks";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { AppError } from "../core/app-error.js";
import type { PrismaClient } from "./generated/client.js";

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
    adapter.queryRaw = carryingErrors(adapter.queryRaw.bind(adapter));
    adapter.executeRaw = carryingErrors(adapter.executeRaw.bind(adapter));
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

/**
 * Prisma Client would make an error of its own of an AppError, because that has a code. It lets this one through, and
 * `withAppErrors` takes the AppError out.
 */
class CarriedError extends Error {
  constructor(readonly carried: AppError) {
    super(carried.message);
  }
}

function carryingErrors<Query, Result>(run: (query: Query) => Promise<Result>): typeof run {
  return (query) =>
    run(query).catch((error: unknown) => {
      throw error instanceof AppError ? new CarriedError(error) : error;
    });
}

/** A Prisma Client over a `PrismaAdapter` that throws the AppErrors of its pool as they are. */
export function withAppErrors(prisma: PrismaClient): PrismaClient {
  const extended = prisma.$extends({
    query: {
      $allOperations: ({ args, query }) =>
        query(args).catch((error: unknown) => {
          throw error instanceof CarriedError ? error.carried : error;
        }),
    },
  });
  // An extension without new methods changes nothing that its type says.
  return extended as unknown as PrismaClient;
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

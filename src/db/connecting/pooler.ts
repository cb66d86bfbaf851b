import type pg from "pg";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import type { DatabaseTarget } from "./database-target.js";

/** A pooler may happen to give a client the same session again, so the test is repeated. */
const ROUNDS = 5;
const ANSWER_MS = 10_000;
/** PgBouncer's answer to BEGIN in statement mode. */
const NO_TRANSACTIONS = /transaction blocks not allowed/;

const BACKEND = z.tuple([z.object({ pid: z.number() })]);

/**
 * Finds out whether each connection keeps a session of the server to itself. One behind a pooler in transaction mode does
 * not: it loses its settings, its locks and what it listens to. There, the statements of one connection are carried out by
 * several processes of the server, or one process serves two connections that are both open.
 *
 * @throws AppError `DATABASE_POOLED`; the error of `pg` when there are no two connections
 */
export async function checkSessionsAreKept(target: DatabaseTarget): Promise<void> {
  const one = await target.open("-pooler-check");
  try {
    const other = await target.open("-pooler-check");
    try {
      for (let round = 0; round < ROUNDS; round++) {
        if (!(await keepSessions(one, other))) throw pooled(target);
      }
    } finally {
      await other.end().catch(() => {});
    }
  } finally {
    await one.end().catch(() => {});
  }
}

async function keepSessions(one: pg.Client, other: pg.Client): Promise<boolean> {
  const first = await backendOf(one);
  // A pooler that takes turns gives another one now.
  if ((await backendOf(one)) !== first) return false;
  try {
    await ask(other, "BEGIN");
  } catch (error) {
    if (error instanceof Error && NO_TRANSACTIONS.test(error.message)) return false;
    throw error;
  }
  // A pooler that prefers the last one gave it to the transaction, and has to give another one to the first connection.
  const isKept = (await backendOf(other)) !== first && (await backendOf(one)) === first;
  await ask(other, "COMMIT");
  return isKept;
}

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await ask(client, "SELECT pg_backend_pid() AS pid");
  return BACKEND.parse(rows)[0].pid;
}

function ask(client: pg.Client, text: string): Promise<pg.QueryResult> {
  return client.query({ text, query_timeout: ANSWER_MS } as pg.QueryConfig);
}

function pooled({ name }: DatabaseTarget): AppError {
  return new AppError(
    "DATABASE_POOLED",
    `${name} is behind a connection pooler in transaction or statement mode, which keeps neither locks nor LISTEN: set the ` +
      "pooler to session mode (PgBouncer's pool_mode=session), or name PostgreSQL itself in DATABASE_URL.",
  );
}

import { startTestPostgres } from "./postgres/postgres-server.js";

/**
 * Starts one PostgreSQL for all test files of a run, for `node --test --test-global-setup`. The files find it in
 * TEST_DATABASE_URL. Without it each file that needs a database starts a server of its own.
 */
let server: Awaited<ReturnType<typeof startTestPostgres>> | null = null;

export async function globalSetup(): Promise<void> {
  if (process.env.TEST_DATABASE_URL !== undefined) return;
  server = await startTestPostgres();
  process.env.TEST_DATABASE_URL = server.url;
}

export async function globalTeardown(): Promise<void> {
  await server?.[Symbol.asyncDispose]();
}

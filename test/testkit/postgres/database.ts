import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { Database } from "../../../src/db/database.js";
import { applyMigrations, migrationsFolder } from "../../../src/db/migrations/apply-migrations.js";
import { createLog, type Log } from "../../../src/telemetry/log.js";
import { startTestPostgres } from "./postgres-server.js";

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  readonly url: string;
}

/** Writes errors to standard error. */
export const testLog: Log = createLog("error");

/**
 * Creates a migrated database on a real PostgreSQL: on the server of TEST_DATABASE_URL, or on one that this process
 * starts once. Disposing drops the database, and fails when something is still connected to it.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { url, drop } = await createDatabaseFrom(await provideTemplate());
  const database = await Database.open(url, testLog);
  return {
    database,
    url,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await drop();
    },
  };
}

/** Creates a database without tables, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<{ url: string } & AsyncDisposable> {
  const { url, drop } = await createDatabaseFrom("template0");
  return { url, [Symbol.asyncDispose]: drop };
}

async function createDatabaseFrom(template: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = await serverUrl();
  const name = `espalier_test_${randomBytes(8).toString("hex")}`;
  await onServer(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const drop = async (): Promise<void> => {
    // PostgreSQL waits up to five seconds for connections that are closing.
    await onServer(server, (client) => client.query(`DROP DATABASE ${name}`));
  };
  return { url: withDatabase(server, name), drop };
}

let startedServer: Promise<string> | null = null;

function serverUrl(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL;
  startedServer ??= given === undefined ? startOwnServer() : Promise.resolve(given);
  return startedServer;
}

async function startOwnServer(): Promise<string> {
  const server = await startTestPostgres();
  // The server does not keep the process alive, so that this event comes after all tests.
  process.once("beforeExit", () => void server[Symbol.asyncDispose]());
  return server.url;
}

let template: Promise<string> | null = null;

/** Returns the name of a database with the migrations of this checkout and no rows. */
function provideTemplate(): Promise<string> {
  template ??= createTemplate();
  return template;
}

async function createTemplate(): Promise<string> {
  const server = await serverUrl();
  const name = `espalier_template_${migrationsDigest()}`;
  await onServer(server, async (client) => {
    // Each test file runs in a process of its own. The first one creates the template.
    await client.query("SELECT pg_advisory_lock(hashtext($1))", [name]);
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
    if (rowCount !== 0) return;
    const unfinished = `${name}_${randomBytes(4).toString("hex")}`;
    await client.query(`CREATE DATABASE ${unfinished} TEMPLATE template0`);
    await applyMigrations(withDatabase(server, unfinished), testLog);
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
  });
  return name;
}

function migrationsDigest(): string {
  const digest = createHash("sha256");
  const folder = migrationsFolder();
  for (const name of readdirSync(folder).sort()) {
    if (name === "migration_lock.toml") continue;
    digest.update(name).update(readFileSync(path.join(folder, name, "migration.sql")));
  }
  return digest.digest("hex").slice(0, 16);
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

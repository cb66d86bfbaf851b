import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { Database } from "../../../src/db/database.js";
import { postgresAccount } from "../../../src/db/embedded/binaries.js";
import { freePort } from "../../../src/db/embedded/free-port.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { Doorbell } from "../../../src/lang/doorbell.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { TransactionPooler } from "../../testkit/postgres/transaction-pooler.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { finishEpoch, insertVersion, startNext, trainingOver } from "../training/training-stores.js";

const execute = promisify(execFile);
const pgbouncer = await execute("pgbouncer", ["--version"]).catch(() => null);

async function assertRefused(url: string): Promise<void> {
  await assert.rejects(applyMigrations(url, testLog), (error) => {
    assert.ok(error instanceof AppError && error.code === "DATABASE_POOLED", String(error));
    assert.match(error.message, /transaction or statement mode/);
    assert.doesNotMatch(error.message, /[.!?] [A-Z]/, "one sentence");
    return true;
  });
}

async function assertEmpty(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    "select relname from pg_class where relnamespace = 'public'::regnamespace",
  );
  await client.end();
  assert.deepEqual(rows, []);
}

for (const sessions of [1, 2, 5]) {
  test(`a pooler that lends ${sessions} sessions for one transaction each is refused before anything is written`, async () => {
    await using empty = await createEmptyDatabase();
    {
      await using pooler = await TransactionPooler.open(empty.url, sessions);
      await assertRefused(pooler.url);
    }
    await assertEmpty(empty.url);
  });
}

describe("PgBouncer", { skip: pgbouncer === null && "PgBouncer is not installed" }, () => {
  for (const [what, settings] of [
    ["in transaction mode", { pool_mode: "transaction" }],
    ["in transaction mode with one session", { pool_mode: "transaction", default_pool_size: "1" }],
    ["in transaction mode that takes turns", { pool_mode: "transaction", server_round_robin: "1" }],
    ["in statement mode", { pool_mode: "statement" }],
  ] as const) {
    test(`${what} is refused, also while its sessions are idle`, async () => {
      await using empty = await createEmptyDatabase();
      {
        await using bouncer = await startPgBouncer(empty.url, settings);
        await assertRefused(bouncer.url);
        // It keeps the sessions that were used, so that they are idle now.
        await keepBusy(bouncer.url, settings.pool_mode === "statement" ? 1 : 3);
        await assertRefused(bouncer.url);
      }
      await assertEmpty(empty.url);
    });
  }

  test("in session mode works: migrations, locks, notifications and runs", async () => {
    await using empty = await createEmptyDatabase();
    await using bouncer = await startPgBouncer(empty.url, { pool_mode: "session", default_pool_size: "40" });
    await applyMigrations(bouncer.url, testLog);
    await using database = await Database.open(bouncer.url, testLog);
    const bell = new Doorbell();
    database.notifier.on("queue", bell.ring);
    const training = trainingOver(database);
    await insertVersion(database);
    await training.launch();
    await bell.wait();
    const attempt = await startNext(training);
    await Promise.all(Array.from({ length: 30 }, () => training.runs.find([attempt.runId])));
    await finishEpoch(training, attempt, { number: 1 });
    assert.equal((await training.runs.epochsOf([attempt.runId])).get(attempt.runId)?.length, 1);
  });
});

/** Uses several sessions at once, and leaves them idle. */
async function keepBusy(url: string, sessions: number): Promise<void> {
  const clients = Array.from({ length: sessions }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  await Promise.all(clients.map((client) => client.query("select pg_sleep(0.05)")));
  await Promise.all(clients.map((client) => client.end()));
}

async function startPgBouncer(
  databaseUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ url: string } & AsyncDisposable> {
  const home = await temporaryFolder();
  const { hostname, port, username, password } = new URL(databaseUrl);
  const listenPort = await freePort();
  const account = await postgresAccount();
  const lines = [
    "[databases]",
    `* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${listenPort}`,
    "unix_socket_dir =",
    "auth_type = any",
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
  ];
  const file = path.join(home.folder, "pgbouncer.ini");
  await writeFile(file, lines.join("\n"));
  if (account !== null) {
    for (const target of [home.folder, file]) await chown(target, account.uid, account.gid);
  }
  const child = spawn("pgbouncer", [file], { stdio: "ignore", ...account });
  const url = new URL(databaseUrl);
  url.port = String(listenPort);
  await untilItAccepts(url.href, child);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await home[Symbol.asyncDispose]();
    },
  };
}

async function untilItAccepts(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await client.end().catch(() => {});
    }
  }
  throw new Error(`PgBouncer ended with the code ${child.exitCode}.`);
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/db/embedded/embedded-postgres.js";
import { testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

async function query(server: { url: string }, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function serverProcess(folder: string): Promise<number> {
  return Number((await readFile(path.join(folder, "data", "postmaster.pid"), "utf8")).split("\n")[0]);
}

/** One cluster for all tests, since creating it takes longer than all of them. Each test starts its own server. */
const temporary = await temporaryFolder();
after(() => temporary[Symbol.asyncDispose]());
const folder = path.join(temporary.folder, "a folder with spaces", "postgres");

describe("the embedded PostgreSQL", () => {
  test("keeps its data, syncs commits to disk, and listens on loopback only, with a password", async () => {
    {
      await using server = await startEmbeddedPostgres(folder, testLog);
      await query(server, "CREATE TABLE first (id int)");
      const [settings] = await query(
        server,
        "SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync, current_setting('listen_addresses') AS addresses",
      );
      assert.deepEqual(settings, { commit: "on", fsync: "on", addresses: "127.0.0.1" });
      const wrong = new URL(server.url);
      wrong.password = "guess";
      await assert.rejects(query({ url: wrong.href }, "SELECT 1"), /password authentication failed/);
      assert.equal((await stat(path.join(folder, "password"))).mode & 0o777, 0o600);
    }
    const startedMs = performance.now();
    await using again = await startEmbeddedPostgres(folder, testLog);
    assert.ok(performance.now() - startedMs < 5_000);
    assert.deepEqual(await query(again, "SELECT * FROM first"), []);
  });

  test("is refused to a second process", async () => {
    await using server = await startEmbeddedPostgres(folder, testLog);
    await assert.rejects(
      startEmbeddedPostgres(folder, testLog),
      (error) => error instanceof AppError && error.code === "HOME_IN_USE",
    );
    assert.deepEqual(await query(server, "SELECT 1 AS one"), [{ one: 1 }]);
  });

  test("recovers all committed data after the server was killed", async () => {
    const killed = await startEmbeddedPostgres(folder, testLog);
    await query(killed, "CREATE TABLE second AS SELECT generate_series(1, 1000) AS id");
    process.kill(await serverProcess(folder), "SIGKILL");
    await using again = await startEmbeddedPostgres(folder, testLog);
    assert.deepEqual(await query(again, "SELECT count(*)::int FROM second"), [{ count: 1000 }]);
    await killed[Symbol.asyncDispose](); // disposing a dead server neither fails nor stops the new one
    assert.deepEqual(await query(again, "SELECT count(*)::int FROM second"), [{ count: 1000 }]);
  });

  test("starts again after the process that owned it was killed", async () => {
    const module = pathToFileURL(
      path.join(import.meta.dirname, "../../../src/db/embedded/embedded-postgres.js"),
    ).href;
    const log = pathToFileURL(path.join(import.meta.dirname, "../../../src/telemetry/log.js")).href;
    const script = `
      const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
      const { createLog } = await import(${JSON.stringify(log)});
      const server = await startEmbeddedPostgres(process.argv[1], createLog("error"));
      process.stdout.write(server.url + "\\n");
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    await query({ url: line.toString().trim() }, "CREATE TABLE third AS SELECT 1 AS id");
    owner.kill("SIGKILL");
    await once(owner, "exit");
    const again: EmbeddedPostgres = await startEmbeddedPostgres(folder, testLog);
    assert.deepEqual(await query(again, "SELECT * FROM third"), [{ id: 1 }]);
    await again[Symbol.asyncDispose]();
    await assert.rejects(serverProcess(folder), /ENOENT/, "no server is left running");
  });

  test("starts when the process id in its lock file belongs to another program", async () => {
    const killed = await startEmbeddedPostgres(folder, testLog);
    const lockFile = path.join(folder, "data", "postmaster.pid");
    const lines = (await readFile(lockFile, "utf8")).split("\n");
    await killed[Symbol.asyncDispose]();
    await writeFile(lockFile, [String(process.pid), ...lines.slice(1)].join("\n"));
    await using again = await startEmbeddedPostgres(folder, testLog);
    assert.deepEqual(await query(again, "SELECT 1 AS one"), [{ one: 1 }]);
  });

  test("reports the end of its log when it cannot start", async () => {
    await assert.rejects(
      startEmbeddedPostgres(folder, testLog, { shared_buffers: "nonsense" }),
      (error) =>
        error instanceof AppError &&
        error.code === "EMBEDDED_POSTGRES_FAILED" &&
        /nonsense/.test(error.message),
    );
  });
});

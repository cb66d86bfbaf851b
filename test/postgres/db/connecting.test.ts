import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { DatabaseTarget } from "../../../src/db/connecting/database-target.js";
import { Database } from "../../../src/db/database.js";
import { postgresAccount } from "../../../src/db/embedded/binaries.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../src/db/embedded/embedded-postgres.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { Doorbell } from "../../../src/lang/doorbell.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const execute = promisify(execFile);
const openssl = await execute("openssl", ["version"]).catch(() => null);

/** Opens the database in every way that the product does, and returns whether its sessions are encrypted. */
async function encryptionOf(url: string): Promise<readonly boolean[]> {
  await applyMigrations(url, testLog);
  await using database = await Database.open(url, testLog);
  const bell = new Doorbell();
  database.notifier.on("key", bell.ring);
  await database.notifier.notify("key");
  await bell.wait();
  const client = await (await DatabaseTarget.of(url)).connect("-migrations");
  try {
    const { rows } = await client.query(
      `select application_name as name, ssl from pg_stat_ssl join pg_stat_activity using (pid)
       where application_name in ('espalier', 'espalier-notifier', 'espalier-migrations') order by 1`,
    );
    assert.deepEqual(
      [...new Set(rows.map(({ name }) => name))],
      ["espalier", "espalier-migrations", "espalier-notifier"],
    );
    return [...new Set(rows.map(({ ssl }) => ssl))];
  } finally {
    await client.end();
  }
}

describe("a connection", { skip: openssl === null && "openssl is missing" }, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: EmbeddedPostgres;
  let sockets: string;
  const file = (name: string): string => path.join(folder.folder, name);

  before(async () => {
    folder = await temporaryFolder();
    const account = await postgresAccount();
    await execute("chmod", ["0711", folder.folder]);
    sockets = file("sockets");
    await mkdir(sockets);
    for (const name of ["server", "other"]) {
      const names = ["-keyout", file(`${name}.key`), "-out", file(`${name}.crt`), "-subj", "/CN=localhost"];
      const subject = ["-addext", "subjectAltName=DNS:localhost"];
      await execute("openssl", [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        ...names,
        ...subject,
      ]);
    }
    if (account !== null) {
      for (const name of ["server.key", "server.crt", "sockets"])
        await chown(file(name), account.uid, account.gid);
    }
    server = await startEmbeddedPostgres(file("postgres"), testLog, {
      fsync: "off",
      unix_socket_directories: sockets,
      ssl: "on",
      ssl_cert_file: file("server.crt"),
      ssl_key_file: file("server.key"),
    });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** The URL of the server with this host and these parameters. */
  const urlOf = (parameters: string, host = "127.0.0.1"): string => {
    const url = new URL(server.url);
    url.hostname = host;
    return `${url.href}?${parameters}`;
  };

  test("uses TLS or not as sslmode says, for the pool, the listener and migrations alike", async () => {
    const trusting = `sslrootcert=${encodeURIComponent(file("server.crt"))}`;
    assert.deepEqual(await encryptionOf(urlOf("sslmode=disable")), [false]);
    assert.deepEqual(await encryptionOf(urlOf("sslmode=allow")), [false]);
    for (const parameters of [
      "",
      "sslmode=prefer",
      "sslmode=require",
      `sslmode=require&${trusting}`,
      `sslmode=verify-ca&${trusting}`,
      "sslmode=no-verify",
      "sslnegotiation=direct",
    ]) {
      assert.deepEqual(await encryptionOf(urlOf(parameters)), [true], parameters);
    }
    assert.deepEqual(await encryptionOf(urlOf(`sslmode=verify-full&${trusting}`, "localhost")), [true]);
  });

  test("is refused where the certificate is not the expected one", async () => {
    const other = `sslrootcert=${encodeURIComponent(file("other.crt"))}`;
    const own = `sslrootcert=${encodeURIComponent(file("server.crt"))}`;
    for (const url of [
      urlOf(`sslmode=require&${other}`),
      urlOf(`sslmode=verify-ca&${other}`),
      urlOf(`sslmode=verify-full&${other}`, "localhost"),
      urlOf("sslmode=verify-full", "localhost"),
      urlOf("ssl=true", "localhost"),
      // The certificate does not name the address.
      urlOf(`sslmode=verify-full&${own}`),
    ]) {
      await assert.rejects(applyMigrations(url, testLog), isRefused, url);
    }
  });

  test("goes through a Unix socket in every form that names one", async () => {
    const { username, password, port, pathname } = new URL(server.url);
    const folderPart = encodeURIComponent(sockets);
    for (const url of [
      `postgresql://${username}:${password}@/espalier?host=${folderPart}&port=${port}`,
      `postgres://${username}:${password}@${folderPart}:${port}${pathname}`,
      `socket://${username}:${password}@${sockets}?db=espalier&port=${port}`,
      `postgresql:///?host=${folderPart}&port=${port}&user=${username}&password=${password}&dbname=espalier`,
      `postgresql:///espalier?host=${folderPart}&port=${port}&user=${username}&password=${password}&sslmode=require`,
    ]) {
      assert.deepEqual(await encryptionOf(url), [false], url);
    }
  });

  test("is encrypted with sslmode=allow where the server demands it, and plain with prefer where it offers no TLS", async () => {
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    const { rows } = await admin.query("show hba_file");
    const hbaFile: string = rows[0]?.hba_file;
    const original = await readFile(hbaFile, "utf8");
    const reload = async (text: string): Promise<void> => {
      await writeFile(hbaFile, text);
      const loadedAt = async (): Promise<string> =>
        (await admin.query("select pg_conf_load_time()::text as at")).rows[0]?.at;
      const before = await loadedAt();
      await admin.query("select pg_reload_conf()");
      while ((await loadedAt()) === before);
    };
    await reload(`hostnossl all all all reject\n${original}`);
    assert.deepEqual(await encryptionOf(urlOf("sslmode=allow")), [true]);
    await assert.rejects(applyMigrations(urlOf("sslmode=disable"), testLog), isRefused);
    await reload(`hostssl all all all reject\n${original}`);
    assert.deepEqual(await encryptionOf(urlOf("sslmode=prefer")), [false]);
    await assert.rejects(applyMigrations(urlOf("sslmode=require"), testLog), isRefused);
    await reload(original);
    await admin.end();
    await using without = await createEmptyDatabase();
    assert.deepEqual(await encryptionOf(without.url), [false]);
    await assert.rejects(applyMigrations(`${without.url}?sslmode=require`, testLog), /does not support SSL/);
  });

  test("passes the options, the name and the limit of the URL on", async () => {
    const url = urlOf("options=-c%20work_mem%3D7MB&application_name=trees&connection_limit=4");
    await applyMigrations(url, testLog);
    await using database = await Database.open(url, testLog);
    const shown = await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          database.prisma.$queryRaw<{ pid: number; mem: string; name: string }[]>`
          select pg_backend_pid() as pid, current_setting('work_mem') as mem, current_setting('application_name') as name
          from pg_sleep(0.05)`,
      ),
    );
    const rows = shown.flat();
    assert.deepEqual([...new Set(rows.map(({ mem, name }) => `${name} ${mem}`))], ["trees 7MB"]);
    assert.equal(new Set(rows.map(({ pid }) => pid)).size, 4);
  });
});

function isRefused(error: unknown): boolean {
  return error instanceof AppError && error.code === "DATABASE_UNREACHABLE";
}

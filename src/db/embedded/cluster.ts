import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import { hasSystemCode } from "../../lang/system-errors.js";
import type { PostgresBinaries, SystemAccount } from "./binaries.js";
import { type PostgresLauncher, runPostgres } from "./command.js";

const USER = "espalier";
export const DATABASE = "espalier";

/** Settings of the server. With them, a committed transaction survives a crash of the machine. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  synchronous_commit: "on",
  fsync: "on",
  full_page_writes: "on",
  max_connections: "100",
  // Queries are short: starting workers takes longer than most of them, and the other cores train.
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_timezone: "UTC",
};

/** The files of a PostgreSQL server, whether it runs or not. */
export interface PostgresCluster {
  readonly dataFolder: string;
  readonly logFile: string;
  /** The URL of a database, with the password, when the server listens on `port`. */
  url(port: number, database: string): string;
}

/** Creates the password and the cluster in `folder` unless they exist. An interrupted attempt is deleted first. */
export async function provideCluster(
  folder: string,
  binaries: PostgresBinaries,
  launcher: PostgresLauncher,
  account: SystemAccount | null,
): Promise<PostgresCluster> {
  const dataFolder = path.join(folder, "data");
  const passwordFile = path.join(folder, "password");
  const password = await providePassword(passwordFile, account);
  if (!(await isInitialized(dataFolder))) {
    const unfinished = `${dataFolder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    await giveTo(account, unfinished);
    await runPostgres(launcher, binaries.initdb, [
      `--pgdata=${unfinished}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // Sorts by code point, independent of the locales of the machine.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
    ]);
    await rename(unfinished, dataFolder);
  }
  return {
    dataFolder,
    logFile: path.join(folder, "server.log"),
    url: (port, database) =>
      `postgresql://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
  };
}

/** Creates the database `DATABASE` unless it exists. */
export async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

async function providePassword(file: string, account: SystemAccount | null): Promise<string> {
  try {
    await using handle = await open(file, "wx", 0o600);
    await handle.writeFile(randomBytes(24).toString("base64url"));
    await handle.sync();
  } catch (error) {
    if (!hasSystemCode(error, "EEXIST")) throw error;
  }
  await giveTo(account, file);
  return (await readFile(file, "utf8")).trim();
}

async function giveTo(account: SystemAccount | null, target: string): Promise<void> {
  if (account !== null) await chown(target, account.uid, account.gid);
}

async function isInitialized(dataFolder: string): Promise<boolean> {
  return readFile(path.join(dataFolder, "PG_VERSION")).then(
    () => true,
    () => false,
  );
}

import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import { hasSystemCode } from "../lang/system-errors.js";
import type { PostgresBinaries, SystemAccount } from "./postgres-binaries.js";
import { type PostgresLauncher, runPostgres } from "./postgres-command.js";

const USER = "espalier";
export const DATABASE = "espalier";

/** Settings on top of the cluster's own; what a commit promised survives a crash by all of them. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  synchronous_commit: "on",
  fsync: "on",
  full_page_writes: "on",
  max_connections: "100",
  // Queries are short, and starting workers takes longer than most of them; the other cores train.
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_timezone: "UTC",
};

/** The files of one PostgreSQL, whether or not it runs. */
export interface PostgresCluster {
  readonly dataFolder: string;
  readonly logFile: string;
  /** Where a server of it takes connections on `port`, with the password. */
  url(port: number, database: string): string;
}

/**
 * Makes the password and the cluster below `folder` unless they are there. A try that was interrupted is
 * thrown away.
 */
export async function provideCluster(
  folder: string,
  binaries: PostgresBinaries,
  launcher: PostgresLauncher,
  account: SystemAccount | null,
): Promise<PostgresCluster> {
  const dataFolder = path.join(folder, "data");
  const passwordFile = path.join(folder, "password");
  const password = await providePassword(passwordFile, account);
  if (!(await isInitialised(dataFolder))) {
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
      // Sorts by code point on every machine, whatever locales it has.
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

/** Makes the database `DATABASE`, unless it is there. */
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

async function isInitialised(dataFolder: string): Promise<boolean> {
  return readFile(path.join(dataFolder, "PG_VERSION")).then(
    () => true,
    () => false,
  );
}

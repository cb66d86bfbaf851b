import type { ChildProcess } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { AppError } from "../core/app-error.js";
import { isAlive } from "../lang/is-alive.js";
import type { Log } from "../telemetry/log.js";
import { freePort } from "./free-port.js";
import { findPostgresBinaries, type PostgresBinaries, postgresAccount } from "./postgres-binaries.js";
import {
  createDatabase,
  DATABASE,
  type PostgresCluster,
  provideCluster,
  SERVER_SETTINGS,
} from "./postgres-cluster.js";
import { type PostgresLauncher, postgresLauncher, runPostgres, spawnPostgres } from "./postgres-command.js";

/** Held for as long as a process owns the server; any number that others do not use. */
const OWNER_LOCK = 4_577_254;
const START_TIMEOUT_MS = 60_000;
/** For a server that was found running to take connections; it may only just be starting. */
const ORPHAN_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_SECONDS = 60;
const START_ATTEMPTS = 5;
const POLL_MS = 10;

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of the database `espalier`, with its password. */
  readonly url: string;
}

/**
 * Starts a real PostgreSQL whose cluster lies in `folder`, on a loopback port that the system picks,
 * with a password kept in `folder/password` for its owner alone. Disposing stops it.
 *
 * A server that a killed process left running is stopped first; the cluster recovers by itself.
 *
 * @param settings server settings to change, for example `{ fsync: "off" }` for throw-away data
 * @throws AppError `HOME_IN_USE` while another living process owns the same cluster,
 *   `EMBEDDED_POSTGRES_FAILED` with the end of the server's log when it does not start
 */
export async function startEmbeddedPostgres(
  folder: string,
  log: Log,
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries();
  const account = await postgresAccount();
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const launcher = await postgresLauncher(account, [binaries.folder, folder]);
  const cluster = await provideCluster(path.resolve(folder), binaries, launcher, account);
  const server = new Server(cluster, binaries, launcher, { ...SERVER_SETTINGS, ...settings });
  await server.stopOrphan(log);
  return server.start(log);
}

/** Starts and stops the server of one cluster. */
class Server {
  constructor(
    private readonly cluster: PostgresCluster,
    private readonly binaries: PostgresBinaries,
    private readonly launcher: PostgresLauncher,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** Stops the server of a process that died; refuses to touch one whose owner lives. */
  async stopOrphan(log: Log): Promise<void> {
    const lockFile = path.join(this.cluster.dataFolder, "postmaster.pid");
    const lines = (await readFile(lockFile, "utf8").catch(() => "")).split("\n");
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    if (!Number.isInteger(pid) || pid <= 0) return;
    if (!(await this.#isServer(pid))) {
      // The id may belong to another program by now, which PostgreSQL would take for its server.
      await rm(lockFile, { force: true });
      return;
    }
    const isOurs = (): boolean => isAlive(pid);
    const owner = port > 0 ? await this.#connectWhile(isOurs, port, ORPHAN_TIMEOUT_MS) : null;
    if (owner !== null) {
      const owned = await takeOwnership(owner);
      await owner.end();
      if (!owned) throw inUse(this.cluster.dataFolder);
    }
    log.warn("stopping a PostgreSQL server that an earlier process left running", { pid });
    await this.#stopByControl().catch((error: unknown) => {
      // It may end by itself in the meantime, as it does when its owner's death reaches it.
      if (isAlive(pid)) throw error;
    });
  }

  async #isServer(pid: number): Promise<boolean> {
    if (!isAlive(pid)) return false;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => null);
    return commandLine === null || commandLine.includes(this.cluster.dataFolder);
  }

  async start(log: Log): Promise<EmbeddedPostgres> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const server = await this.#spawnServer(port);
      const owner = await this.#awaitReady(server, port);
      if (owner !== null) {
        if (!(await takeOwnership(owner))) throw inUse(this.cluster.dataFolder);
        await createDatabase(owner);
        // Holding the lock is no reason for a process to stay; the types of pg leave this method out.
        (owner as pg.Client & { unref(): void }).unref();
        log.debug("embedded PostgreSQL is ready", { port });
        return {
          url: this.cluster.url(port, DATABASE),
          [Symbol.asyncDispose]: () => this.#stop(server, owner),
        };
      }
      const tail = (await readFile(this.cluster.logFile, "utf8").catch(() => "")).slice(-2000);
      // Another program took the port first, or processes of a killed server have yet to end.
      const passing = /Address already in use|shared memory block|lock file .* already exists/.test(tail);
      if (!passing || attempt === START_ATTEMPTS) {
        throw new AppError(
          "EMBEDDED_POSTGRES_FAILED",
          `The embedded PostgreSQL did not start. The end of ${this.cluster.logFile}:\n${tail}`,
        );
      }
      await delay(200 * attempt);
    }
  }

  async #spawnServer(port: number): Promise<ChildProcess> {
    // A file, since a pipe would break under a server that outlives this process.
    await writeFile(this.cluster.logFile, "", { mode: 0o600 });
    const output = await open(this.cluster.logFile, "a");
    const settings = Object.entries({ ...this.settings, port: String(port) });
    const args = [
      "-D",
      this.cluster.dataFolder,
      ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
    const server = spawnPostgres(this.launcher, this.binaries.postgres, args, {
      // Its own process group: Ctrl-C must not stop it before the requests that still use it end.
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    server.on("error", () => {});
    server.unref();
    await output.close();
    return server;
  }

  /** A connection to the server once it takes one, or null when it ended instead. */
  async #awaitReady(server: ChildProcess, port: number): Promise<pg.Client | null> {
    const isRunning = (): boolean => server.exitCode === null && server.signalCode === null;
    const client = await this.#connectWhile(isRunning, port, START_TIMEOUT_MS);
    if (client === null) server.kill("SIGQUIT");
    return client;
  }

  /** A server that is starting or recovering refuses connections for a while. */
  async #connectWhile(isRunning: () => boolean, port: number, timeoutMs: number): Promise<pg.Client | null> {
    const deadline = Date.now() + timeoutMs;
    while (isRunning() && Date.now() < deadline) {
      const client = await this.#connect(port).catch(() => null);
      if (client !== null) return client;
      await delay(POLL_MS);
    }
    return null;
  }

  async #connect(port: number): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.cluster.url(port, "postgres"),
      application_name: "espalier-owner",
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    // The pool's own errors report a lost server; this connection only holds the lock.
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  async #stop(server: ChildProcess, owner: pg.Client): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (server.exitCode !== null || server.signalCode !== null) resolve();
      else server.once("exit", () => resolve());
    });
    server.ref();
    await owner.end().catch(() => {});
    if (server.exitCode === null && server.signalCode === null) await this.#stopByControl();
    await ended;
  }

  #stopByControl(): Promise<void> {
    const args = [
      "stop",
      "-D",
      this.cluster.dataFolder,
      "-m",
      "fast",
      "-w",
      "-t",
      String(STOP_TIMEOUT_SECONDS),
    ];
    return runPostgres(this.launcher, this.binaries.pgCtl, args);
  }
}

/** True when no other living process owns the server; the lock lasts as long as the connection. */
async function takeOwnership(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1) AS taken", [
    OWNER_LOCK,
  ]);
  return rows[0]?.taken === true;
}

function inUse(folder: string): AppError {
  return new AppError(
    "HOME_IN_USE",
    `Another Espalier is running on ${folder}. Stop it first, or set ESPALIER_HOME to another folder.`,
  );
}

import type { ChildProcess } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { AppError } from "../../core/app-error.js";
import { isAlive } from "../../lang/is-alive.js";
import type { Log } from "../../telemetry/log.js";
import { findPostgresBinaries, type PostgresBinaries, postgresAccount } from "./binaries.js";
import {
  createDatabase,
  DATABASE,
  type PostgresCluster,
  provideCluster,
  SERVER_SETTINGS,
} from "./cluster.js";
import { type PostgresLauncher, postgresLauncher, runPostgres, spawnPostgres } from "./command.js";
import { freePort } from "./free-port.js";

/** The advisory lock that the owner of the server holds. Nothing else uses the number. */
const OWNER_LOCK = 4_577_254;
const START_TIMEOUT_MS = 60_000;
/** How long a server that was found running may take to accept connections: it may be starting. */
const ORPHAN_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_SECONDS = 60;
const START_ATTEMPTS = 5;
const POLL_MS = 10;

export interface EmbeddedPostgres extends AsyncDisposable {
  /** The URL of the database `espalier`, with its password. */
  readonly url: string;
}

/**
 * Starts a PostgreSQL server on a loopback port that the system picks. Its cluster is in `folder`, and its password in
 * `folder/password`, readable by its owner only. Disposing stops the server.
 *
 * A server that a killed process left running is stopped first; PostgreSQL then recovers the cluster.
 *
 * @param settings server settings to change, such as `{ fsync: "off" }` for data that may be lost
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

  /**
   * Stops the server of a process that died.
   *
   * @throws AppError `HOME_IN_USE` when the process that owns it is alive
   */
  async stopOrphan(log: Log): Promise<void> {
    const lockFile = path.join(this.cluster.dataFolder, "postmaster.pid");
    const lines = (await readFile(lockFile, "utf8").catch(() => "")).split("\n");
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    if (!Number.isInteger(pid) || pid <= 0) return;
    if (!(await this.#isServer(pid))) {
      // The process id belongs to another program by now, which PostgreSQL would mistake for its server.
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
      // The server may have ended in the meantime: the death of its owner sends it a signal.
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
        // The connection that holds the lock must not keep the process alive. The types of pg lack this method.
        (owner as pg.Client & { unref(): void }).unref();
        log.debug("embedded PostgreSQL is ready", { port });
        return {
          url: this.cluster.url(port, DATABASE),
          [Symbol.asyncDispose]: () => this.#stop(server, owner),
        };
      }
      const tail = (await readFile(this.cluster.logFile, "utf8").catch(() => "")).slice(-2000);
      // Another program took the port, or processes of a killed server have not ended yet.
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
    // A pipe would break when the server outlives this process.
    await writeFile(this.cluster.logFile, "", { mode: 0o600 });
    const output = await open(this.cluster.logFile, "a");
    const settings = Object.entries({ ...this.settings, port: String(port) });
    const args = [
      "-D",
      this.cluster.dataFolder,
      ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
    const server = spawnPostgres(this.launcher, this.binaries.postgres, args, {
      // Its own process group, so that Ctrl-C does not stop it before the requests that use it end.
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    server.on("error", () => {});
    server.unref();
    await output.close();
    return server;
  }

  /** Returns a connection as soon as the server accepts one, or null when the server ended. */
  async #awaitReady(server: ChildProcess, port: number): Promise<pg.Client | null> {
    const isRunning = (): boolean => server.exitCode === null && server.signalCode === null;
    const client = await this.#connectWhile(isRunning, port, START_TIMEOUT_MS);
    if (client === null) server.kill("SIGQUIT");
    return client;
  }

  /** Tries to connect for a while, since a server that is starting or recovering refuses connections. */
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
    // The pool reports a lost server; this connection only holds the lock.
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

/** Returns whether no other living process owns the server. The lock lasts as long as the connection. */
async function takeOwnership(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query("SELECT WHERE pg_try_advisory_lock($1)", [OWNER_LOCK]);
  return rowCount === 1;
}

function inUse(folder: string): AppError {
  return new AppError(
    "HOME_IN_USE",
    `Another process runs the PostgreSQL in ${folder}. Stop that process first.`,
  );
}

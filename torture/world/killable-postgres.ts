import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { ClientError } from "../../src/client/client-error.js";
import {
  findPostgresBinaries,
  type PostgresBinaries,
  postgresAccount,
} from "../../src/db/embedded/binaries.js";
import {
  createDatabase,
  DATABASE,
  type PostgresCluster,
  provideCluster,
  SERVER_SETTINGS,
} from "../../src/db/embedded/cluster.js";
import { type PostgresLauncher, postgresLauncher, spawnPostgres } from "../../src/db/embedded/command.js";
import { freePort } from "../../src/db/embedded/free-port.js";

const START_ATTEMPTS = 20;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 10;
/** Temporary failures: some processes of the killed server have not ended yet. */
const TEMPORARY = /shared memory block|lock file .* already exists/;

/** A PostgreSQL that outlives the servers that use it, and keeps its address after a crash. */
export class KillablePostgres implements AsyncDisposable {
  #server: ChildProcess | null = null;
  #crash: Promise<void> = Promise.resolve();

  private constructor(
    private readonly cluster: PostgresCluster,
    private readonly binaries: PostgresBinaries,
    private readonly launcher: PostgresLauncher,
    private readonly port: number,
  ) {}

  /** @param folder the new folder of the cluster */
  static async start(folder: string): Promise<KillablePostgres> {
    const binaries = await findPostgresBinaries();
    const account = await postgresAccount();
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const launcher = await postgresLauncher(account, [binaries.folder, folder]);
    const cluster = await provideCluster(folder, binaries, launcher, account);
    const postgres = new KillablePostgres(cluster, binaries, launcher, await freePort());
    await postgres.#start();
    return postgres;
  }

  get url(): string {
    return this.cluster.url(this.port, DATABASE);
  }

  /** Connects to the server. The connection ignores errors, so that a crash of the server is no fault of the client. */
  async connect(database: string = DATABASE): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.cluster.url(this.port, database),
      application_name: "espalier-torture",
      connectionTimeoutMillis: START_TIMEOUT_MS,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /**
   * Kills the server and starts it again.
   *
   * @param how SIGKILL ends it as a power failure does; SIGQUIT lets it end its own processes, also without saving
   * @param signal when it aborts, the server starts again at once: only a running server can be stopped cleanly
   */
  crash(how: "SIGKILL" | "SIGQUIT", downMs: number, signal: AbortSignal): Promise<void> {
    this.#crash = this.#end(how).then(async () => {
      await delay(downMs, undefined, { signal }).catch(() => {});
      await this.#start();
    });
    return this.#crash;
  }

  /**
   * Does to the clients what a failover does: their connections end, and the server that they find accepts no writes for a
   * while; then their connections end again.
   *
   * @param signal when it aborts, the server accepts writes again at once
   */
  async failOver(readOnlyMs: number, signal: AbortSignal): Promise<void> {
    const admin = await this.connect();
    try {
      await admin.query("alter system set default_transaction_read_only = on");
      await endClients(admin);
      await delay(readOnlyMs, undefined, { signal }).catch(() => {});
      await admin.query("alter system reset default_transaction_read_only");
      await endClients(admin);
    } finally {
      await admin.end();
    }
  }

  async #end(how: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (server === null || !isRunning(server)) return;
    const exited = once(server, "exit");
    server.kill(how);
    await exited;
  }

  async #start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const server = await this.#spawn();
      if (await this.#acceptsConnections(server)) {
        this.#server = server;
        return;
      }
      const tail = (await readFile(this.cluster.logFile, "utf8").catch(() => "")).slice(-2000);
      if (!TEMPORARY.test(tail) || attempt === START_ATTEMPTS) {
        throw new ClientError(
          "EMBEDDED_POSTGRES_FAILED",
          `PostgreSQL did not start. The end of its log:\n${tail}`,
        );
      }
      await delay(50 * attempt);
    }
  }

  async #spawn(): Promise<ChildProcess> {
    await rm(this.cluster.logFile, { force: true });
    const output = await open(this.cluster.logFile, "a", 0o600);
    const settings = Object.entries({ ...SERVER_SETTINGS, port: String(this.port) });
    const server = spawnPostgres(
      this.launcher,
      this.binaries.postgres,
      ["-D", this.cluster.dataFolder, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      // Its own process group, so that Ctrl-C does not stop it before its clients.
      { detached: true, stdio: ["ignore", output.fd, output.fd] },
    );
    server.on("error", () => {});
    await output.close();
    return server;
  }

  /** Waits until the server accepts connections. @returns false when it ended instead */
  async #acceptsConnections(server: ChildProcess): Promise<boolean> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (isRunning(server) && performance.now() < deadline) {
      try {
        const client = await this.connect("postgres");
        await createDatabase(client);
        await client.end();
        return true;
      } catch {
        // The server starts or recovers from its crash.
        await delay(POLL_MS);
      }
    }
    server.kill("SIGQUIT");
    return false;
  }

  /** Stops the server cleanly, which leaves no shared memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crash.catch(() => {});
    await this.#end("SIGINT");
  }
}

/** Makes a change of the configuration effective, and ends all other connections. */
async function endClients(admin: pg.Client): Promise<void> {
  const loadedAt = async (): Promise<unknown> =>
    (await admin.query("select pg_conf_load_time()::text as at")).rows[0]?.at;
  const before = await loadedAt();
  await admin.query("select pg_reload_conf()");
  while ((await loadedAt()) === before) await delay(POLL_MS);
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where backend_type = 'client backend' and application_name <> 'espalier-torture'`,
  );
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

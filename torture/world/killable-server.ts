import { readFile } from "node:fs/promises";
import { ApiClient } from "../../src/client/api-client.js";
import { ServerProcess } from "../../src/client/server-process.js";

/** A server process that is killed and started again, with the same home folder and database. */
export class KillableServer implements AsyncDisposable {
  readonly #failed = new AbortController();
  #process: ServerProcess | null = null;
  #api: Promise<ApiClient> | null = null;
  #startedMs = 0;

  /** @param environment variables in addition to those of this process */
  constructor(
    private readonly environment: NodeJS.ProcessEnv,
    private readonly report: (line: string) => void,
  ) {}

  /** Aborted with the reason when the server ends unexpectedly. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Start time of the process, by the clock of `performance`. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** A client of the running server; resolves when it listens. */
  get api(): Promise<ApiClient> {
    if (this.#api === null) throw new Error("No server was started.");
    return this.#api;
  }

  start(): void {
    this.#startedMs = performance.now();
    const server = ServerProcess.start(this.report, this.environment);
    server.died.catch((error: unknown) => this.#failed.abort(error));
    this.#process = server;
    this.#api = server.ready.then(async ({ url, adminTokenFile }) => {
      return new ApiClient(url, (await readFile(adminTokenFile, "utf8")).trim());
    });
    // A server that is killed while it starts is never ready.
    this.#api.catch(() => {});
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    const [server, api] = [this.#process, this.#api];
    this.#process = null;
    this.#api = null;
    if (server === null) return;
    await server.kill();
    // There is no client when the server was not ready yet.
    const client = await Promise.race([api?.catch(() => null), null]);
    await client?.[Symbol.asyncDispose]();
  }

  /** Kills the server. Its home folder is removed as well, so it need not save anything. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

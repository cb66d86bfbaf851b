import { readFile } from "node:fs/promises";
import { ApiClient } from "../../src/client/api-client.js";
import { ServerProcess } from "../../src/client/server-process.js";

/** The product's server as a process that is killed and started again, with the same home and database. */
export class MortalServer implements AsyncDisposable {
  readonly #failed = new AbortController();
  #process: ServerProcess | null = null;
  #api: Promise<ApiClient> | null = null;
  #startedMs = 0;

  /** @param environment variables to set beside this process's own */
  constructor(
    private readonly environment: NodeJS.ProcessEnv,
    private readonly report: (line: string) => void,
  ) {}

  /** Aborted with the reason when a server ends although nobody killed it. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** When the process was started, by the clock of `performance`. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** A client of the server that runs, once that listens. */
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
    // A server that is killed while it starts never gets ready.
    this.#api.catch(() => {});
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    const [server, api] = [this.#process, this.#api];
    this.#process = null;
    this.#api = null;
    if (server === null) return;
    await server.kill();
    // One that never got ready never got a client.
    const client = await Promise.race([api?.catch(() => null), null]);
    await client?.[Symbol.asyncDispose]();
  }

  /** What it would save goes with its home, so there is nothing to wait for. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

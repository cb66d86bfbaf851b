import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ApiClient } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { LIBRARY_LOG } from "../../src/client/server-process.js";
import type { BenchContext } from "../benchmark.js";
import { FROM_SERVER, type FromServer, type ProcessUsage, type ToServer } from "./server-messages.js";

export interface MeasuredServerOptions {
  /** Holds all state of the server. The next server on the same folder continues with it. */
  readonly homeFolder: string;
  /** Imports may read below this folder. */
  readonly imagesFolder: string;
  readonly context: BenchContext;
  /** Null starts an embedded database that other processes cannot reach. */
  readonly databaseUrl?: string | null;
}

type Ready = Extract<FromServer, { kind: "ready" }>;

/**
 * The product in its own process, so that its memory and processor time are those of serving and training alone.
 * Disposing stops it.
 */
export class MeasuredServer implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    /** Rejects when the process ends unexpectedly or the benchmark is interrupted. */
    private readonly died: Promise<never>,
    readonly api: ApiClient,
    private readonly ready: Ready,
  ) {}

  /** Origin of the server, without a slash at the end. */
  get url(): string {
    return this.ready.url;
  }

  /** Access token with the role ADMIN. */
  get token(): string {
    return this.ready.token;
  }

  get threads(): number {
    return this.ready.threads;
  }

  /** @throws ClientError `SERVER_ENDED`; the signal's reason when it aborts */
  static async start({
    homeFolder,
    imagesFolder,
    context,
    databaseUrl = null,
  }: MeasuredServerOptions): Promise<MeasuredServer> {
    const { report, signal } = context;
    signal.throwIfAborted();
    const main = fileURLToPath(import.meta.resolve("./server-main.js"));
    const child = fork(main, {
      env: {
        ESPALIER_LOG_LEVEL: "warn",
        ...process.env,
        ESPALIER_HOME: homeFolder,
        ESPALIER_IMPORT_ROOTS: imagesFolder,
        ESPALIER_PORT: "0",
        // A database of the user may hold runs of another home folder.
        DATABASE_URL: databaseUrl ?? "",
      },
      execArgv: ["--enable-source-maps"],
      // Standard output is reserved for the benchmark's result.
      stdio: ["ignore", 2, "pipe", "ipc"],
    });
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (!LIBRARY_LOG.test(line)) report(line);
      });
    }
    const died = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
        reject(new ClientError("SERVER_ENDED", `The measured server ended with ${how}; see above.`));
      });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    // An unhandled rejection would end this process while nothing waits for the server.
    died.catch(() => {});
    try {
      const ready = await Promise.race([readyMessage(child, report), died]);
      return new MeasuredServer(child, died, new ApiClient(ready.url, ready.token), ready);
    } catch (error) {
      await ended(child);
      throw error;
    }
  }

  /** Waits for `work`. @throws ClientError `SERVER_ENDED` when the server ends before */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.died]);
  }

  async usage(): Promise<ProcessUsage> {
    const answer = once(this.child, "message");
    this.child.send("usage" satisfies ToServer);
    const [received] = await this.during(answer);
    const message = FROM_SERVER.parse(received);
    if (message.kind !== "usage") throw new Error(`Expected the server's usage. Received ${message.kind}.`);
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    await ended(this.child);
  }
}

/** Disconnects from the server, which makes it stop, and waits for its end. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  if (child.connected) child.disconnect();
  await exited;
}

function readyMessage(child: ChildProcess, report: BenchContext["report"]): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const listen = (received: unknown): void => {
      const message = FROM_SERVER.parse(received);
      if (message.kind === "progress") report(message.line);
      if (message.kind === "failed") reject(new ClientError("SERVER_ENDED", message.message));
      if (message.kind === "ready") {
        child.off("message", listen);
        resolve(message);
      }
    };
    child.on("message", listen);
  });
}

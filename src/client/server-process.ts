import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ClientError } from "./client-error.js";

const LINES_KEPT = 12;
/** Lines that TensorFlow logs regardless of its settings. Users cannot act on them. */
export const LIBRARY_LOG = /^(WARNING: All log messages before absl|[IW]\d{4} )/;

/** The line of JSON that the server writes to standard output once it listens. */
const SERVER_READY = z.object({ url: z.string(), adminTokenFile: z.string() }).readonly();
export type ServerReady = z.infer<typeof SERVER_READY>;

/** The compiled server in its own process, on a free port. */
export class ServerProcess implements AsyncDisposable {
  /** Resolves when the server listens. */
  readonly ready: Promise<ServerReady>;
  /** Rejects with the last lines of the server when it ends unexpectedly. */
  readonly died: Promise<never>;
  readonly #exited: Promise<void>;
  #stopping = false;

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    progress: (line: string) => void,
  ) {
    const lastLines: string[] = [];
    let starting = true;
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (LIBRARY_LOG.test(line)) return;
      lastLines.push(line);
      if (lastLines.length > LINES_KEPT) lastLines.shift();
      if (starting) progress(line);
    });
    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", (line) => {
        starting = false;
        try {
          resolve(SERVER_READY.parse(JSON.parse(line)));
        } catch {
          reject(
            new ClientError(
              "SERVER_UNREADABLE",
              `Expected one line of JSON from the server. Received: ${line}`,
            ),
          );
        }
      });
    });
    this.#exited = new Promise((resolve) => child.once("close", () => resolve()));
    this.died = new Promise((_, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (this.#stopping) return;
        const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
        reject(
          new ClientError(
            "SERVER_ENDED",
            `The server ended with ${how}. Its last lines:\n${lastLines.join("\n")}`,
          ),
        );
      });
    });
    // An unhandled rejection would end this process while nothing waits for the server.
    this.died.catch(() => {});
  }

  /**
   * @param progress receives the messages of the server until it listens
   * @param environment variables in addition to those of this process
   */
  static start(progress: (line: string) => void, environment: NodeJS.ProcessEnv = {}): ServerProcess {
    const main = fileURLToPath(import.meta.resolve("../cli/main.js"));
    const child = spawn(process.execPath, [main, "serve", "--json-ready"], {
      env: { ESPALIER_LOG_LEVEL: "warn", ...process.env, ESPALIER_PORT: "0", ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    return new ServerProcess(child, progress);
  }

  /** Ends the server as a crash does, without a chance to save anything. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Asks the server to stop and waits for its end. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#stopping = true;
    this.child.kill(signal);
    await this.#exited;
  }
}

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ClientError } from "./client-error.js";

const LINES_KEPT = 12;
/** What TensorFlow's own log writes whatever it is told; nothing a user could act on. */
export const LIBRARY_LOG = /^(WARNING: All log messages before absl|[IW]\d{4} )/;

/** The line of JSON that the server writes to standard output once it listens. */
const SERVER_READY = z.object({ url: z.string(), adminTokenFile: z.string() }).readonly();
export type ServerReady = z.infer<typeof SERVER_READY>;

/** The built product as a process of its own, as a user would start it, on a port the system chooses. */
export class ServerProcess implements AsyncDisposable {
  /** Resolves when it listens. */
  readonly ready: Promise<ServerReady>;
  /** Rejects with what the server said last when it ends although nobody asked it to. */
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
          new ClientError("SERVER_ENDED", `The server ended with ${how}. It said:\n${lastLines.join("\n")}`),
        );
      });
    });
    // Whoever waits for it sees the rejection; without a waiter it must not end this process.
    this.died.catch(() => {});
  }

  /**
   * @param progress gets what the server says until it listens
   * @param environment variables to set beside this process's own
   */
  static start(progress: (line: string) => void, environment: NodeJS.ProcessEnv = {}): ServerProcess {
    const main = fileURLToPath(import.meta.resolve("../cli/main.js"));
    const child = spawn(process.execPath, [main, "serve", "--json-ready"], {
      env: { ESPALIER_LOG_LEVEL: "warn", ...process.env, ESPALIER_PORT: "0", ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    return new ServerProcess(child, progress);
  }

  /** Ends the server as a crash does: it gets no chance to save anything. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Asks the server to stop and waits for it, so that nothing is left running. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#stopping = true;
    this.child.kill(signal);
    await this.#exited;
  }
}

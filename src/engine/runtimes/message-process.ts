import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Doorbell } from "../../lang/doorbell.js";
import { lastLines } from "../native/program.js";

/** The bytes of a message's length, a little-endian number. */
const LENGTH_BYTES = 4;
const MAX_KEPT_ERRORS = 16_384;

/**
 * A program that answers messages over its standard input and output. Each message begins with its length. The program
 * must end when its input does, so that it does not outlive this process.
 */
export class MessageProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  /** Rings when there may be more to read, or nothing more at all. */
  readonly #readable = new Doorbell();
  /** The end of what the program wrote to its standard error. */
  #errors = "";
  /** How the program ended; null while it runs. */
  #end: string | null = null;

  constructor(program: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env: environment, stdio: "pipe" });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString("utf8")).slice(-MAX_KEPT_ERRORS);
    });
    // A write to a program that has ended fails; `receive` says how it ended.
    this.#child.stdin.on("error", () => undefined);
    this.#child.stdout.on("readable", this.#readable.ring).on("close", this.#readable.ring);
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", ({ message }) => {
        this.#end ??= `it cannot be started: ${message}`;
        resolve();
        this.#readable.ring();
      });
      this.#child.on("close", (exitCode, signal) => {
        const lines = lastLines(this.#errors);
        const how =
          exitCode === null ? `the signal ${signal} ended it` : `it ended with exit code ${exitCode}`;
        this.#end ??= lines === "" ? how : `${how}:\n${lines}`;
        resolve();
      });
    });
  }

  send(content: Uint8Array): void {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(content.length);
    this.#child.stdin.write(length);
    this.#child.stdin.write(content);
  }

  /** @returns the next message; where the program ends before it, a clause that says how */
  async receive(): Promise<Buffer | string> {
    const length = await this.#read(LENGTH_BYTES);
    const content = length === null ? null : await this.#read(length.readUInt32LE());
    if (content !== null) return content;
    await this.#ended;
    return this.#end ?? "it closed its output";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    // The process counts as closed when its output is; nobody reads the rest.
    this.#child.stdout.destroy();
    await this.#ended;
  }

  /** Null: the output ends before so many bytes. */
  async #read(bytes: number): Promise<Buffer | null> {
    const { stdout } = this.#child;
    for (;;) {
      const read = stdout.read(bytes) as Buffer | null;
      if (read !== null) return read.length === bytes ? read : null;
      if (stdout.readableEnded || stdout.destroyed || this.#end !== null) return null;
      await this.#readable.wait();
    }
  }
}

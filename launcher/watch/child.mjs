/** A program that a watching command starts and stops. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Child {
  /** Resolves with how it ended, such as "exit code 1". */
  ended;
  #child;

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {import("node:child_process").SpawnOptions & { onLine?: (line: string) => void }} options `onLine` receives
   *   the lines of its standard output
   */
  constructor(program, args, { onLine, ...options }) {
    // In a process group of its own, so that Ctrl-C reaches it only through stop() and not a second time.
    this.#child = spawn(program, args, { ...options, detached: true });
    if (onLine !== undefined) createInterface({ input: this.#child.stdout }).on("line", onLine);
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (code, signal) =>
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
  }

  /**
   * Stops it and the processes that it started, and waits for its end.
   *
   * @param {{ group?: boolean }} [options] group: its children get the signal too, where it would leave them behind
   */
  async stop({ group = false } = {}) {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      process.kill(group ? -pid : pid, "SIGTERM");
    }
    await this.ended;
  }
}

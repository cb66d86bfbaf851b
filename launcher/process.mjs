/** Child processes of the launcher, and its words on the terminal. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { watchNpm } from "./watch-npm.mjs";

/** A failure that its message explains: what is missing, why, and what to do. */
export class Failure extends Error {
  exitCode = 1;
}

/** A wrong command line. */
export class UsageFailure extends Failure {
  exitCode = 2;

  /**
   * @param {string} message what was expected and what was received
   * @param {string | null} [usage] the help to show; null: that of the command
   */
  constructor(message, usage = null) {
    super(message);
    this.usage = usage;
  }
}

/** Prints a line of progress on standard error, since standard output belongs to the command. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program to its end without showing its output.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number | null, missing: boolean, output: string }>} `missing`: there is no
 *   such program
 */
export function runQuietly(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) =>
      resolve({ code: null, missing: error.code === "ENOENT", output: error.message }),
    );
    child.on("close", (code) => resolve({ code, missing: false, output }));
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program in the launcher's place: it has the same terminal, receives the launcher's signals, and is stopped when
 * npm, which started the launcher, is gone.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onStart?: (pid: number) => void }} [options]
 * @returns {Promise<number>} its exit code; 128 and the signal's number where a signal ended it
 */
export function become(program, args, { onStart = () => {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: "inherit" });
    if (child.pid !== undefined) onStart(child.pid);
    // A terminal sends Ctrl-C to the child as well, and the child must not receive it twice.
    const fromTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    let isStopping = false;
    const passOn = (signal) => {
      isStopping = true;
      if (signal !== "SIGINT" || !fromTerminal) child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, passOn);
    // After a second signal, a program would end without saving its work.
    const endWatch = watchNpm(() => isStopping || child.kill("SIGTERM"));
    const settle = (then) => {
      endWatch();
      for (const signal of SIGNALS) process.off(signal, passOn);
      then();
    };
    child.on("error", (error) =>
      settle(() => reject(new Failure(`${program} cannot be started: ${error.message}.`))),
    );
    child.on("close", (code, signal) =>
      settle(() => resolve(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0)))),
    );
  });
}

/** The end of a program's output, where the cause of a failure stands. */
export function lastLines(output, count = 15) {
  return output.trim().split("\n").slice(-count).join("\n");
}

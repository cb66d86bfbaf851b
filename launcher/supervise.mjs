/** Keeps a program running although a crash of the native library may end it. */
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { become, say } from "./process.mjs";

/** The signals that end a program after an invalid operation or without memory. */
const CRASHES = new Set(["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGKILL"]);
const EXIT_OF_SIGNAL = 128;
/** After so many crashes within this time the program is not started again. */
const MAX_CRASHES = 5;
const WITHIN_MS = 60_000;
const WAIT_MS = 500;

/**
 * Runs a program as `become` does, and starts it again after a crash. ESPALIER_CRASH tells the new process how the one
 * before it ended.
 *
 * @type {typeof become}
 */
export async function supervise(program, args, options = {}) {
  let crashesMs = [];
  let crash = null;
  for (;;) {
    const env = { ...(options.env ?? process.env), ...(crash === null ? {} : { ESPALIER_CRASH: crash }) };
    let pid = 0;
    const code = await become(program, args, { ...options, env, onStart: (started) => (pid = started) });
    const signal = signalOf(code);
    if (signal === null || !CRASHES.has(signal)) return code;
    crashesMs = [...crashesMs.filter((atMs) => Date.now() - atMs < WITHIN_MS), Date.now()];
    if (crashesMs.length >= MAX_CRASHES) {
      say(`\nIt crashed ${crashesMs.length} times within a minute (${signal}), so it is not started again.`);
      return code;
    }
    say(`\nThe process crashed (${signal}). Starting it again; its run continues from the last checkpoint.`);
    crash = `${signal} ${pid}`;
    await delay(WAIT_MS);
  }
}

function signalOf(code) {
  const found = Object.entries(constants.signals).find(([, number]) => code === EXIT_OF_SIGNAL + number);
  return found?.[0] ?? null;
}

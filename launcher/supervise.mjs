/** Keeps a program running that the native library may end: a crash must not need a person. */

import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { become, say } from "./process.mjs";

/** Signals by which a program ends that did something impossible, or that found no memory. */
const CRASHES = new Set(["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGKILL"]);
const EXIT_OF_SIGNAL = 128;
/** Fewer crashes than this within the time are worth another start. */
const MOST_CRASHES = 5;
const WITHIN_MS = 60_000;
const WAIT_MS = 500;

/**
 * Runs a program as `become` does, and again whenever it crashed, telling it how the one before ended. One that
 * crashes again and again at once is given up.
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
    if (crashesMs.length >= MOST_CRASHES) {
      say(`\nIt crashed ${crashesMs.length} times within a minute (${signal}), so it is not started again.`);
      return code;
    }
    say(
      `\nThe server crashed (${signal}). Starting it again; a run under way goes on from its last checkpoint.`,
    );
    crash = `${signal} ${pid}`;
    await delay(WAIT_MS);
  }
}

function signalOf(code) {
  const found = Object.entries(constants.signals).find(([, number]) => code === EXIT_OF_SIGNAL + number);
  return found?.[0] ?? null;
}

/** What each word of the command line runs once everything is in place. */
import path from "node:path";
import { runChecks } from "./check.mjs";
import { become } from "./process.mjs";
import { supervise } from "./supervise.mjs";
import { runTests } from "./test.mjs";

/**
 * Each resolves with the exit code.
 *
 * @typedef {{ root: string, node: string, args: readonly string[] }} Invocation
 * @type {Record<string, (invocation: Invocation) => Promise<number>>}
 */
export const COMMANDS = {
  demo: program("demo/main.js"),
  start: program("src/cli/main.js", { command: "serve", runner: supervise }),
  worker: program("src/cli/main.js", { command: "worker", runner: supervise }),
  test: runTests,
  check: runChecks,
  bench: program("bench/main.js"),
  torture: program("torture/main.js"),
  setup: async () => 0,
  cli: program("src/cli/main.js"),
};

/** Runs a compiled file where the user is, so that relative paths mean what they seem to. */
function program(file, { command, runner = become } = {}) {
  const before = command === undefined ? [] : [command];
  return ({ root, node, args }) =>
    runner(node, ["--enable-source-maps", path.join(root, "dist", file), ...before, ...args]);
}

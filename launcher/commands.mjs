/** The commands of the launcher: what each needs in place, and what it runs then. */
import path from "node:path";
import { runChecks } from "./check.mjs";
import { become, UsageFailure } from "./process.mjs";
import { COMPILED, EVERYTHING, PACKAGES } from "./steps.mjs";
import { supervise } from "./supervise.mjs";
import { checkTestArguments, checkWatchedTestArguments, runTests, TEST_HELP } from "./test.mjs";

/**
 * @typedef {{ root: string, node: string, args: readonly string[] }} Invocation
 *
 * @typedef {object} Command
 * @property {string} summary
 * @property {{ usage: string, lines: readonly string[] }} [help] of a command that is not a program with its own help
 * @property {(args: readonly string[]) => void} [check] throws a UsageFailure when the arguments are wrong
 * @property {readonly string[] | ((args: readonly string[]) => readonly string[])} needs the steps of set-up
 * @property {"tolerated"} [typeErrors] runs although types do not fit each other yet
 * @property {(invocation: Invocation) => Promise<number>} run resolves with the exit code
 */

/** @type {Readonly<Record<string, Command>>} */
export const COMMANDS = {
  demo: {
    summary: "run the full workflow on sample data, from images to predictions",
    needs: EVERYTHING,
    run: program("demo/main.js"),
  },
  start: {
    summary: "serve the API and the playground, and train runs",
    needs: EVERYTHING,
    run: program("src/cli/main.js", { before: ["serve"], runner: supervise }),
  },
  worker: {
    summary: "train the runs of a server in another process or on another machine",
    needs: EVERYTHING,
    run: program("src/cli/main.js", { before: ["worker"], runner: supervise }),
  },
  test: {
    summary: "run the tests",
    help: TEST_HELP,
    check: checkTestArguments,
    needs: EVERYTHING,
    run: runTests,
  },
  "test:watch": {
    summary: "run tests again after every change",
    help: { ...TEST_HELP, usage: "<word ...> [--test-...]" },
    check: checkWatchedTestArguments,
    needs: EVERYTHING,
    run: watching("watch/tests.mjs"),
  },
  dev: {
    summary: "serve, and compile and start again after every change",
    help: {
      usage: "",
      lines: [
        "A change that does not compile is reported, and the server keeps running. Ctrl-C stops everything.",
        "The environment variables are those of `npm start`.",
      ],
    },
    check: nothing,
    needs: EVERYTHING,
    run: watching("watch/dev.mjs"),
  },
  check: {
    summary: "run the gate: every check that must pass before a change is merged",
    help: { usage: TEST_HELP.usage, lines: ["The arguments select tests, as those of `npm test` do."] },
    check: checkTestArguments,
    needs: EVERYTHING,
    run: runChecks,
  },
  lint: {
    summary: "report format, import order and lint of all files, or of the given ones",
    help: { usage: "[path ...]", lines: [] },
    check: pathsOnly,
    needs: PACKAGES,
    run: biome("check", "--error-on-warnings"),
  },
  format: {
    summary: "format all files, or the given ones, and sort their imports",
    help: { usage: "[path ...]", lines: ["Lint with a safe fix is fixed too."] },
    check: pathsOnly,
    needs: PACKAGES,
    run: biome("check", "--write", "--error-on-warnings"),
  },
  schema: {
    summary: "write schema.graphql and the reference pages in docs/ from the code",
    help: { usage: "", lines: [] },
    check: nothing,
    needs: COMPILED,
    // A new field of the API is used by a client that does not compile until the schema has it.
    typeErrors: "tolerated",
    run: inTurn(
      program("src/cli/main.js", { before: ["schema"] }),
      program("src/cli/main.js", { before: ["docs"] }),
    ),
  },
  migration: {
    summary: "write the migration that brings the database to prisma/schema.prisma",
    help: {
      usage: "<name>",
      lines: ["The name says in snake case what the migration does, such as add_run_priority."],
    },
    check: oneName,
    needs: COMPILED,
    // A renamed column breaks the code that uses it until both the migration and the code follow.
    typeErrors: "tolerated",
    run: program("src/cli/main.js", { before: ["migrations", "new"] }),
  },
  bench: {
    summary: "measure; without a name it lists the benchmarks",
    needs: EVERYTHING,
    run: program("bench/main.js"),
  },
  torture: {
    summary: "kill a server while it trains, again and again, and compare what it leaves",
    needs: EVERYTHING,
    run: program("torture/main.js"),
  },
  setup: {
    summary: "install and build everything, and run nothing",
    help: { usage: "", lines: [] },
    check: nothing,
    needs: EVERYTHING,
    run: async () => 0,
  },
  cli: {
    summary: "run the program espalier, as `npx espalier` does",
    needs: ([word]) => (isServer(word) ? EVERYTHING : COMPILED),
    run: espalier,
  },
};

/**
 * Runs a compiled file in the caller's folder, so that relative paths mean what they say. Libraries leave out checks for
 * their own developers: `graphql` checks each value that it returns.
 */
function program(file, { before = [], runner = become } = {}) {
  return ({ root, node, args }) => {
    const program = ["--enable-source-maps", path.join(root, "dist", file), ...before, ...args];
    return runner(node, program, { env: { NODE_ENV: "production", ...process.env } });
  };
}

function espalier(invocation) {
  const runner = isServer(invocation.args[0]) ? supervise : become;
  return program("src/cli/main.js", { runner })(invocation);
}

/** These commands load TensorFlow, and are started again after a crash of it. */
function isServer(word) {
  return word === "serve" || word === "worker";
}

function biome(...words) {
  return ({ root, node, args }) => {
    // npm runs scripts in the project's folder, and says here where it was called.
    const folder = process.env.INIT_CWD ?? process.cwd();
    const paths = args.length === 0 ? ["."] : args.map((argument) => path.resolve(folder, argument));
    return become(node, [path.join(root, "node_modules/@biomejs/biome/bin/biome"), ...words, ...paths], {
      cwd: root,
    });
  };
}

/** Runs a file of the launcher with the Node that the project needs; the launcher itself may run on an older one. */
function watching(file) {
  return ({ root, node, args }) => become(node, [path.join(root, "launcher", file), root, ...args]);
}

/** Stops at the first program that fails, with its exit code. */
function inTurn(...runs) {
  return async (invocation) => {
    for (const run of runs) {
      const code = await run(invocation);
      if (code !== 0) return code;
    }
    return 0;
  };
}

function nothing(args) {
  if (args.length > 0) throw new UsageFailure(`Expected no arguments. Received ${args.join(" ")}.`);
}

function pathsOnly(args) {
  const option = args.find((argument) => argument.startsWith("-"));
  if (option !== undefined) throw new UsageFailure(`Expected paths only. Received ${option}.`);
}

function oneName(args) {
  if (args.length !== 1 || args[0].startsWith("-")) {
    throw new UsageFailure(`Expected one name. Received ${args.length === 0 ? "nothing" : args.join(" ")}.`);
  }
}

/** `npm test`: Node's own test runner over the compiled tests. */
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";
import { become, Failure, UsageFailure } from "./process.mjs";

/** Test files that run at the same time. Tests that train use all processors already. */
const CONCURRENCY = 2;
/** A test that hangs fails with its name after this time. */
const TIMEOUT_MS = 10 * 60_000;

export const TEST_HELP = {
  usage: "[word ...] [--test-...]",
  lines: [
    "  word        a part of the paths of the test files to run, such as postgres/data; without words all run",
    "  --test-...  an option of `node --test`, such as --test-name-pattern=resumed",
  ],
};

/** @param {readonly string[]} args */
export function checkTestArguments(args) {
  const unknown = args.find(
    (argument) => argument.startsWith("-") && !/^--(test|inspect)(-|=|$)/.test(argument),
  );
  if (unknown !== undefined) {
    throw new UsageFailure(`Expected words or options that begin with --test-. Received ${unknown}.`);
  }
}

/** @param {readonly string[]} args */
export function checkWatchedTestArguments(args) {
  checkTestArguments(args);
  if (args.every((argument) => argument.startsWith("-"))) {
    throw new UsageFailure("Expected at least one word of a test file's path. Received none.");
  }
}

/**
 * @param {{ root: string, node: string, args: readonly string[] }} invocation words are parts of paths
 *   (`npm test -- engine/session`), options go to `node --test` (`--test-name-pattern=…`)
 * @returns {Promise<number>} the exit code
 */
export async function runTests({ root, node, args }) {
  const { options, words, files } = selectTests(root, args);
  if (files.length === 0) throw new Failure(`No test file has ${words.join(" or ")} in its path.`);
  const setup = path.join(root, "dist/test/testkit/global-setup.js");
  // All files share one PostgreSQL from Node 24 on. With an older Node each file that needs one starts its own.
  const canShare = node !== process.execPath || Number.parseInt(process.versions.node, 10) >= 24;
  const sharing = needsPostgres(files) && canShare ? [`--test-global-setup=${setup}`] : [];
  return become(node, [...runnerArguments([...sharing, ...options]), ...files], { cwd: root });
}

/**
 * @param {string} root the checkout
 * @param {readonly string[]} args words and options
 */
export function selectTests(root, args) {
  const options = args.filter((argument) => argument.startsWith("-"));
  const words = args.filter((argument) => !argument.startsWith("-"));
  const files = listFiles(root, ["dist/test"]).filter(
    (file) => file.endsWith(".test.js") && (words.length === 0 || words.some((word) => file.includes(word))),
  );
  return { options, words, files };
}

/** @param {readonly string[]} files compiled test files */
export function needsPostgres(files) {
  return files.some((file) => !file.startsWith(path.join("dist/test/pure")));
}

/** The arguments of Node before the test files. */
export function runnerArguments(options) {
  return [
    ...["--enable-source-maps", "--test", "--test-reporter=spec", `--test-timeout=${TIMEOUT_MS}`],
    `--test-concurrency=${CONCURRENCY}`,
    ...options,
  ];
}

/** `npm test`: Node's own test runner over the compiled tests. */
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";
import { become, Failure } from "./process.mjs";

/** Files run at the same time: training tests use every processor already. */
const CONCURRENCY = 2;
/** A hanging test ends the run with its name instead of never. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * @param {{ root: string, node: string, args: readonly string[] }} invocation words are parts of paths
 *   (`npm test -- engine/session`), options go to `node --test` (`--test-name-pattern=…`)
 * @returns {Promise<number>} the exit code
 */
export async function runTests({ root, node, args }) {
  const options = args.filter((argument) => argument.startsWith("-"));
  const words = args.filter((argument) => !argument.startsWith("-"));
  const files = listFiles(root, ["dist/test"]).filter(
    (file) => file.endsWith(".test.js") && (words.length === 0 || words.some((word) => file.includes(word))),
  );
  if (files.length === 0) throw new Failure(`No test file has ${words.join(" or ")} in its path.`);
  const setup = path.join(root, "dist/test/testkit/global-setup.js");
  const needsPostgres = files.some((file) => !file.startsWith(path.join("dist/test/pure")));
  // One PostgreSQL for all files, from Node 24 on; before, each file that needs one starts its own.
  const canShare = node !== process.execPath || Number.parseInt(process.versions.node, 10) >= 24;
  return become(
    node,
    [
      ...["--enable-source-maps", "--test", "--test-reporter=spec", `--test-timeout=${TIMEOUT_MS}`],
      `--test-concurrency=${CONCURRENCY}`,
      ...(needsPostgres && canShare ? [`--test-global-setup=${setup}`] : []),
      ...options,
      ...files,
    ],
    { cwd: root },
  );
}

/**
 * `npm run test:watch -- <word>`: compiles at every change and runs the matching tests again. Tests that need PostgreSQL
 * share one server for the whole session.
 */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { needsPostgres, runnerArguments, selectTests } from "../test.mjs";
import { Child } from "./child.mjs";
import { watchCompiler } from "./compiler.mjs";
import { announce, untilStopped } from "./session.mjs";

const CLEAR_SCREEN = "\u001b[2J\u001b[3J\u001b[H";

const [root = "", ...args] = process.argv.slice(2);
const node = process.execPath;
/** @type {Child | null} */
let run = null;
let runIsPure = true;
/** @type {{ url: string } & AsyncDisposable | null} */
let postgres = null;

async function startPostgres() {
  const file = pathToFileURL(path.join(root, "dist/test/testkit/postgres/postgres-server.js")).href;
  const { startTestPostgres } = await import(file);
  return startTestPostgres();
}

const compiler = watchCompiler({
  root,
  node,
  async onCompiled({ errors, report }) {
    // Pure tests can be stopped at any time; other tests may have started servers, which they stop at their end.
    await (runIsPure ? run?.stop({ group: true }) : run?.ended);
    if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    if (errors > 0) {
      announce(`${errors === 1 ? "an error" : `${errors} errors`}; the tests do not run\n${report}`);
      return;
    }
    const { options, files } = selectTests(root, args);
    if (files.length === 0) {
      announce(`no test file has ${args.join(" or ")} in its path`);
      return;
    }
    runIsPure = !needsPostgres(files);
    if (!runIsPure) postgres ??= await startPostgres();
    const startedMs = performance.now();
    const current = new Child(node, [...runnerArguments(options), ...files], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...(postgres === null ? {} : { TEST_DATABASE_URL: postgres.url }) },
    });
    run = current;
    void current.ended.then((how) => {
      if (run !== current) return;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      announce(`${how === "exit code 0" ? "passed" : "failed"} after ${seconds} s; waiting for changes`);
    });
  },
});

process.exitCode = await untilStopped(compiler);
const last = run;
run = null;
await Promise.all([compiler.stop(), last?.stop({ group: true })]);
await postgres?.[Symbol.asyncDispose]();

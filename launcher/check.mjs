/** `npm run check`: the gate, which must pass before a change is merged. */
import path from "node:path";
import { checkFolderSizes } from "./folder-sizes.mjs";
import { checkImportRules } from "./import-rules.mjs";
import { runQuietly, say } from "./process.mjs";
import { runTests } from "./test.mjs";
import { checkTypedSql } from "./typed-sql.mjs";

/**
 * @typedef {{ root: string, node: string, args: readonly string[] }} Invocation
 * @typedef {{ holds: boolean, report: string, notes?: string }} Outcome `report` is shown only when the check fails,
 *   `notes` only when it holds
 * @typedef {{ name: string, run: (invocation: Invocation) => Outcome | Promise<Outcome> }} Check
 */

/**
 * The checks in the order in which they run: the quick ones first. A new check is one line here.
 *
 * @public for its tests
 * @type {readonly Check[]}
 */
export const CHECKS = [
  { name: "format", run: biome("ci", "--linter-enabled=false") },
  { name: "lint", run: biome("lint") },
  { name: "types", run: inTurn(typescript("."), typescript("src/web")) },
  { name: "import rules", run: ({ root, node }) => checkImportRules(root, node) },
  { name: "folder sizes", run: ({ root }) => checkFolderSizes(root) },
  {
    name: "unused code",
    run: program("node_modules/knip/bin/knip.js", "--no-progress", "--no-config-hints"),
  },
  { name: "SQL is typed from the schema", run: ({ root }) => checkTypedSql(root) },
  { name: "schema.graphql matches the code", run: espalier("schema", "--check") },
  { name: "schema style", run: program("node_modules/graphql-schema-linter/lib/cli.js", "schema.graphql") },
  { name: "schema compatibility", run: schemaCompatibility },
  { name: "reference pages match the code", run: espalier("docs", "--check") },
  { name: "migrations match prisma/schema.prisma", run: espalier("migrations", "--check") },
  { name: "tests", run: async (invocation) => ({ holds: (await runTests(invocation)) === 0, report: "" }) },
];

/**
 * Runs every check, also after one failed, and says how each ended and how long it took.
 *
 * @param {Invocation} invocation its arguments go to the tests
 * @param {readonly Check[]} [checks]
 * @returns {Promise<number>} the exit code
 */
export async function runChecks(invocation, checks = CHECKS) {
  const failed = [];
  for (const { name, run } of checks) {
    const startedMs = performance.now();
    const { holds, report, notes = "" } = await run(invocation);
    const seconds = (performance.now() - startedMs) / 1000;
    say(`${holds ? "✔" : "✖"} ${name.padEnd(NAME_WIDTH)} ${seconds.toFixed(1).padStart(6)} s`);
    if (holds) {
      if (notes !== "") say(notes);
      continue;
    }
    failed.push(name);
    if (report !== "") say(report);
  }
  say(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}.`);
  return failed.length === 0 ? 0 : 1;
}

const NAME_WIDTH = 40;

/** A check that a program of this checkout makes: it holds when the program exits with 0. */
function program(file, ...words) {
  return async ({ root, node }) => {
    const { code, output } = await runQuietly(node, [path.join(root, file), ...words], { cwd: root });
    return { holds: code === 0, report: output.trim() };
  };
}

/** Clients that rely on the released schema must keep working. */
async function schemaCompatibility({ root, node }) {
  const words = ["launcher/schema-compatibility.mjs", "schema.released.graphql", "schema.graphql"];
  const { code, output } = await runQuietly(node, words, { cwd: root });
  const found = output.trim();
  return code === 0 ? { holds: true, report: "", notes: found } : { holds: false, report: found };
}

function biome(command, ...words) {
  const file = "node_modules/@biomejs/biome/bin/biome";
  return program(file, command, "--error-on-warnings", "--colors=off", ...words, ".");
}

function typescript(project) {
  return program("node_modules/typescript/bin/tsc", "-p", project, "--noEmit");
}

function espalier(...words) {
  return program("dist/src/cli/main.js", ...words);
}

/** Several checks under one name; the first one that fails is reported. */
function inTurn(...runs) {
  return async (invocation) => {
    for (const run of runs) {
      const outcome = await run(invocation);
      if (!outcome.holds) return outcome;
    }
    return { holds: true, report: "" };
  };
}

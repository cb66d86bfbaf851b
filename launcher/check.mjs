/** `npm run check`: everything that must hold before a change is merged. */
import path from "node:path";
import { checkImportRules } from "./import-rules.mjs";
import { runQuietly, say } from "./process.mjs";
import { runTests } from "./test.mjs";

/**
 * Runs every check, the failed ones notwithstanding. Types were checked on the way here, by compiling.
 *
 * @param {{ root: string, node: string, args: readonly string[] }} invocation
 * @returns {Promise<number>} the exit code
 */
export async function runChecks({ root, node, args }) {
  const cli = path.join(root, "dist/src/cli/main.js");
  const program = async (...words) => {
    const { code, output } = await runQuietly(node, words, { cwd: root });
    return { holds: code === 0, report: output.trim() };
  };
  const checks = {
    "format and lint": () =>
      program("node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off", "."),
    // Vite builds the playground without looking at types.
    "types of the playground": () => program("node_modules/typescript/bin/tsc", "-p", "src/web"),
    "import rules": async () => checkImportRules(root, node),
    "schema.graphql matches the code": () => program(cli, "schema", "--check"),
    "migrations match the schema": () => program(cli, "migrations", "--check"),
    tests: async () => ({ holds: (await runTests({ root, node, args })) === 0, report: "" }),
  };
  const failed = [];
  for (const [name, check] of Object.entries(checks)) {
    const { holds, report } = await check();
    say(`${holds ? "✔" : "✖"} ${name}`);
    if (holds) continue;
    failed.push(name);
    say(report);
  }
  say(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}.`);
  return failed.length === 0 ? 0 : 1;
}

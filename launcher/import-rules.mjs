/**
 * Checks the rules of `.dependency-cruiser.cjs` on a copy of the sources. dependency-cruiser reads TypeScript with swc,
 * since TypeScript 7 has no compiler API, and its parser does not know `using` declarations: the copy has `const` in
 * their place, which imports the same.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";

const FOLDERS = ["src", "demo", "bench", "torture"];
const FILES = [".dependency-cruiser.cjs", "package.json", "tsconfig.json"];
const USING = /\b(?:await )?using (\w+)(?=:| =| of)/g;

/**
 * @param {string} root the checkout
 * @param {string} node the Node to run with
 * @returns {{ holds: boolean, report: string }} `report` is the output of dependency-cruiser
 */
export function checkImportRules(root, node) {
  const copy = mkdtempSync(path.join(tmpdir(), "espalier-imports-"));
  try {
    for (const file of FILES) cpSync(path.join(root, file), path.join(copy, file));
    symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    for (const folder of FOLDERS) mkdirSync(path.join(copy, folder));
    for (const file of listFiles(root, FOLDERS)) {
      const target = path.join(copy, file);
      mkdirSync(path.dirname(target), { recursive: true });
      if (!/\.tsx?$/.test(file)) cpSync(path.join(root, file), target);
      else writeFileSync(target, readFileSync(path.join(root, file), "utf8").replace(USING, "const $1"));
    }
    const program = path.join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
    const args = [program, "--config", ".dependency-cruiser.cjs", ...FOLDERS];
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: copy, encoding: "utf8" });
    // Cut off the note that there is no TypeScript compiler.
    const [report = ""] = `${stdout}${stderr}`.split(/^.*missing-tsc-transpiler/m);
    return { holds: status === 0, report: report.trim() };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";

const root = projectRoot();
const launcher = pathToFileURL(path.join(root, "launcher/check.mjs")).href;

/** Runs the gate with these checks, written as JavaScript, in a process of its own. */
function runGate(checks: string): { readonly code: number | null; readonly lines: readonly string[] } {
  const script = `
    const { runChecks } = await import(${JSON.stringify(launcher)});
    process.exitCode = await runChecks({ root: "", node: "", args: [] }, ${checks});`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  return { code: status, lines: stderr.trim().split("\n") };
}

test("the gate prints one line per check with its time, and exits with 0 when all hold", () => {
  const { code, lines } = runGate(`[
    { name: "format", run: () => ({ holds: true, report: "never shown" }) },
    { name: "lint", run: async () => ({ holds: true, report: "" }) },
  ]`);
  assert.equal(code, 0);
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? "", /^✔ format +\d+\.\d s$/);
  assert.match(lines[1] ?? "", /^✔ lint +\d+\.\d s$/);
  assert.equal(lines[3], "All checks passed.");
});

test("a check that fails shows its report, the others still run, and the gate exits with 1", () => {
  const { code, lines } = runGate(`[
    { name: "format", run: () => ({ holds: false, report: "src/a.ts is not formatted" }) },
    { name: "lint", run: () => ({ holds: true, report: "" }) },
  ]`);
  assert.equal(code, 1);
  assert.match(lines[0] ?? "", /^✖ format +\d+\.\d s$/);
  assert.equal(lines[1], "src/a.ts is not formatted");
  assert.match(lines[2] ?? "", /^✔ lint/);
  assert.equal(lines.at(-1), "Failed: format.");
});

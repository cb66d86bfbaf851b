import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();

interface Check {
  readonly name: string;
  run(invocation: { root: string; node: string; args: readonly string[] }): Promise<{
    holds: boolean;
    report: string;
  }>;
}
const { CHECKS } = (await import(pathToFileURL(path.join(root, "launcher/check.mjs")).href)) as {
  CHECKS: readonly Check[];
};

/** Runs the check of the gate with its configuration on a small checkout with these files and dependencies. */
async function check(
  files: Readonly<Record<string, string>>,
  dependencies: Readonly<Record<string, string>> = {},
): Promise<{ holds: boolean; report: string }> {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  // Without the dependencies that only the real checkout needs, and so without its exceptions for them.
  const configuration = await readFile(path.join(root, "knip.jsonc"), "utf8");
  await writeFile(
    path.join(folder, "knip.jsonc"),
    configuration.replace(/"ignoreDependencies": \[[^\]]*\]/, '"ignoreDependencies": []'),
  );
  await writeFile(
    path.join(folder, "package.json"),
    JSON.stringify({ name: "small", type: "module", dependencies }),
  );
  await cp(path.join(root, "tsconfig.json"), path.join(folder, "tsconfig.json"));
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  const unusedCode = CHECKS.find(({ name }) => name === "unused code");
  assert.ok(unusedCode !== undefined);
  return await unusedCode.run({ root: folder, node: process.execPath, args: [] });
}

const USED = {
  "src/cli/main.ts":
    'import { Command } from "commander";\nimport { used } from "../core/words.js";\nnew Command(used);\n',
  "src/core/words.ts": 'export const used = "word";\n',
};
const COMMANDER = { commander: "15.1.0" };

describe("the check for unused code", () => {
  test("holds when every file, export and dependency is used", async () => {
    const { holds, report } = await check(USED, COMMANDER);
    assert.ok(holds, report);
  });

  test("reports an export that no file imports", async () => {
    const words = `${USED["src/core/words.ts"]}export const planted = 1;\n`;
    const { holds, report } = await check({ ...USED, "src/core/words.ts": words }, COMMANDER);
    assert.equal(holds, false);
    assert.match(report, /Unused exports \(1\)\nplanted +src\/core\/words\.ts/);
  });

  test("reports a file that no file imports", async () => {
    const { holds, report } = await check({ ...USED, "src/core/planted.ts": "export {};\n" }, COMMANDER);
    assert.equal(holds, false);
    assert.match(report, /Unused files \(1\)\nsrc\/core\/planted\.ts/);
  });

  test("reports a dependency that no file imports", async () => {
    const { holds, report } = await check(USED, { ...COMMANDER, zod: "4.6.7" });
    assert.equal(holds, false);
    assert.match(report, /Unused dependencies \(1\)\nzod +package\.json/);
  });

  test("reports a package that is imported and is no dependency", async () => {
    const { holds, report } = await check(USED);
    assert.equal(holds, false);
    assert.match(report, /Unlisted dependencies \(1\)\ncommander +src\/cli\/main\.ts/);
  });
});

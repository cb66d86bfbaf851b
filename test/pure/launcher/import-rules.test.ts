import assert from "node:assert/strict";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();
const launcher = pathToFileURL(path.join(root, "launcher/import-rules.mjs")).href;
const { checkImportRules } = (await import(launcher)) as {
  checkImportRules: (root: string, node: string) => { holds: boolean; report: string };
};

/** Checks the project's own rules on a small checkout with these files. */
async function check(files: Readonly<Record<string, string>>): Promise<{ holds: boolean; report: string }> {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  for (const name of [".dependency-cruiser.cjs", "package.json", "tsconfig.json"]) {
    await cp(path.join(root, name), path.join(folder, name));
  }
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  for (const parent of ["src", "demo", "bench", "torture"]) await mkdir(path.join(folder, parent));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return checkImportRules(folder, process.execPath);
}

const WORDS = { "src/core/words.ts": "export interface Word {}\nexport const word = 1;\n" };

describe("the import rules", () => {
  test("let a folder import what the table allows, also in a file with `using` declarations", async () => {
    const { holds, report } = await check({
      ...WORDS,
      "src/graph/node.ts": 'import { word } from "../core/words.js";\nexport const node = word;\n',
      "src/data/use.ts":
        'import { word } from "../core/words.js";\n' +
        "export async function use(open: () => AsyncDisposable) {\n  await using opened = open();\n" +
        "  return [opened, word];\n}\n",
    });
    assert.ok(holds, report);
  });

  const violations: [string, Record<string, string>, RegExp][] = [
    [
      "a folder that may not be imported, even for a type alone",
      {
        ...WORDS,
        "src/telemetry/log.ts": "export type Log = 1;\n",
        "src/core/bad.ts": 'import type { Log } from "../telemetry/log.js";\nexport type Bad = Log;\n',
      },
      /imports-of-core: src\/core\/bad\.ts → src\/telemetry\/log\.ts/,
    ],
    [
      "the database outside a store",
      {
        "src/db/database.ts": "export const database = 1;\n",
        "src/data/blob.ts": 'export { database } from "../db/database.js";\n',
      },
      /only-stores-touch-the-database: src\/data\/blob\.ts/,
    ],
    [
      "the native package outside the engine",
      { "src/serving/classifier.ts": 'import "@tensorflow/tfjs-node-gpu";\n' },
      /only-the-engine-loads-tensorflow: src\/serving\/classifier\.ts/,
    ],
    [
      "the image library outside data",
      { "src/api/thumbnail.ts": 'import sharp from "sharp";\nexport const decode = sharp;\n' },
      /only-data-and-demo-decode-images: src\/api\/thumbnail\.ts/,
    ],
    [
      "a server's folder in the client",
      { ...WORDS, "src/client/bad.ts": 'export { word } from "../core/words.js";\n' },
      /imports-of-client: src\/client\/bad\.ts → src\/core\/words\.ts/,
    ],
    [
      "a server's folder in the page",
      { ...WORDS, "src/web/bad.tsx": 'export { word } from "../core/words.js";\n' },
      /imports-of-web: src\/web\/bad\.tsx → src\/core\/words\.ts/,
    ],
    [
      "a server's folder in the demo",
      { ...WORDS, "demo/bad.ts": 'export { word } from "../src/core/words.js";\n' },
      /the-demo-is-a-client: demo\/bad\.ts → src\/core\/words\.ts/,
    ],
    [
      "a later layer of the same folder",
      {
        "src/data/imports/import.ts": "export const imported = 1;\n",
        "src/data/blobs/blob.ts": 'export { imported } from "../imports/import.js";\n',
      },
      /layers-of-data-blobs: src\/data\/blobs\/blob\.ts → src\/data\/imports\/import\.ts/,
    ],
    [
      "a cycle",
      { "src/core/a.ts": 'import "./b.js";\n', "src/core/b.ts": 'import "./a.js";\n' },
      /no-cycles: src\/core\/[ab]\.ts/,
    ],
    [
      "a folder that the table does not know",
      { "src/misc/a.ts": "export const a = 1;\n", "src/app/b.ts": 'export { a } from "../misc/a.js";\n' },
      /known-folders: src\/app\/b\.ts → src\/misc\/a\.ts/,
    ],
  ];
  for (const [name, files, message] of violations) {
    test(`refuse ${name}`, async () => {
      const { holds, report } = await check(files);
      assert.equal(holds, false);
      assert.match(report, message);
    });
  }
});

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const launcher = pathToFileURL(path.join(projectRoot(), "launcher/folder-sizes.mjs")).href;
const { checkFolderSizes } = (await import(launcher)) as {
  checkFolderSizes: (root: string) => { holds: boolean; report: string };
};

async function write(folder: string, files: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let file = 0; file < files; file++) await writeFile(path.join(folder, `${file}.ts`), "");
}

test("a folder with more than 20 files is reported", async () => {
  await using temporary = await temporaryFolder();
  await write(path.join(temporary.folder, "src/core"), 21);
  await write(path.join(temporary.folder, "src/core/settings"), 3);
  const { holds, report } = checkFolderSizes(temporary.folder);
  assert.equal(holds, false);
  assert.equal(report, "src/core has 21 files. A folder has at most 20: group them.");
});

test("generated files and files that are no sources do not count", async () => {
  await using temporary = await temporaryFolder();
  const folder = path.join(temporary.folder, "src/core");
  await write(folder, 20);
  await writeFile(path.join(folder, "table.json"), "{}");
  await write(path.join(temporary.folder, "src/db/generated/models"), 30);
  assert.deepEqual(checkFolderSizes(temporary.folder), { holds: true, report: "" });
});

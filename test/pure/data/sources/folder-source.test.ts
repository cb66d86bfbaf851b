import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { parseConfig } from "../../../../src/core/config.js";
import { ImageRejected } from "../../../../src/data/images/decoder.js";
import { openFolder, resolveImportFolder } from "../../../../src/data/sources/folder-source.js";
import { writeFiles } from "../../../testkit/files/images.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const LIMITS = { ...parseConfig({}).limits, imageBytes: 100 };

async function read(
  folder: string,
  roots: readonly string[],
  limits = LIMITS,
): Promise<Record<string, string>> {
  await using source = await openFolder(await resolveImportFolder(folder, roots), limits);
  const found: Record<string, string> = {};
  for await (const file of source.files()) {
    found[file.name] = await file.read().then(
      (bytes) => Buffer.from(bytes).toString(),
      (error: unknown) => (error instanceof ImageRejected ? error.reason : Promise.reject(error)),
    );
  }
  assert.equal(source.filesTotal, Object.keys(found).length);
  return found;
}

async function refusal(folder: string, roots: readonly string[], limits = LIMITS): Promise<string> {
  const outcome: unknown = await read(folder, roots, limits).catch((error: unknown) => error);
  assert.ok(outcome instanceof AppError, `expected a refusal, got ${JSON.stringify(outcome)}`);
  return outcome.code;
}

describe("a folder", () => {
  test("returns its files by their relative paths, without junk", async () => {
    await using temporary = await temporaryFolder();
    await writeFiles(temporary.folder, {
      "data/rose/2.jpg": Buffer.from("two"),
      "data/daisy/1.jpg": Buffer.from("one"),
      "data/daisy/.hidden": Buffer.from("x"),
      "data/large/3.jpg": Buffer.alloc(101),
    });
    const expected = { "daisy/1.jpg": "one", "large/3.jpg": "TOO_LARGE", "rose/2.jpg": "two" };
    assert.deepEqual(await read(path.join(temporary.folder, "data"), [temporary.folder]), expected);
    assert.deepEqual(await read("data", [temporary.folder]), expected, "named from the import root");
  });

  test("is refused outside the import roots, and when there are none", async () => {
    await using temporary = await temporaryFolder();
    await writeFiles(temporary.folder, {
      "root/a/1.jpg": Buffer.from("x"),
      "rootless/a/1.jpg": Buffer.from("x"),
    });
    const root = path.join(temporary.folder, "root");
    for (const folder of [
      temporary.folder,
      `${root}/..`,
      `${root}less`,
      "..",
      "/",
      "/etc",
      "missing",
      "a/1.jpg",
      "a\0b",
    ]) {
      assert.equal(await refusal(folder, [root]), "FOLDER_NOT_ALLOWED", folder);
    }
    assert.equal(await refusal(root, []), "FOLDER_NOT_ALLOWED");
  });

  test("that is a link to a folder outside of the import root is refused", async () => {
    await using temporary = await temporaryFolder();
    await writeFiles(temporary.folder, { "secret/a/1.jpg": Buffer.from("x") });
    const root = path.join(temporary.folder, "root");
    await mkdir(root);
    await symlink(path.join(temporary.folder, "secret"), path.join(root, "innocent"));
    assert.equal(await refusal(path.join(root, "innocent"), [root]), "FOLDER_NOT_ALLOWED");
  });

  test("with a link to a file outside of the import root is refused", async () => {
    await using temporary = await temporaryFolder();
    await writeFiles(temporary.folder, { secret: Buffer.from("x"), "root/daisy/1.jpg": Buffer.from("x") });
    const root = path.join(temporary.folder, "root");
    await symlink(path.join(temporary.folder, "secret"), path.join(root, "daisy", "2.jpg"));
    assert.equal(await refusal(root, [root]), "FOLDER_NOT_ALLOWED");
  });

  test("may contain links that stay below the root, even in a loop", async () => {
    await using temporary = await temporaryFolder();
    await writeFiles(temporary.folder, { "daisy/1.jpg": Buffer.from("one") });
    await symlink(
      path.join(temporary.folder, "daisy", "1.jpg"),
      path.join(temporary.folder, "daisy", "2.jpg"),
    );
    await symlink(temporary.folder, path.join(temporary.folder, "daisy", "round"));
    await symlink(path.join(temporary.folder, "daisy"), path.join(temporary.folder, "rose"));
    assert.deepEqual(await read(temporary.folder, [temporary.folder]), {
      "daisy/1.jpg": "one",
      "daisy/2.jpg": "one",
      "rose/1.jpg": "one",
      "rose/2.jpg": "one",
    });
  });

  test("with a broken link is refused, and the error names the link", async () => {
    await using temporary = await temporaryFolder();
    await symlink("nowhere", path.join(temporary.folder, "broken"));
    assert.equal(await refusal(temporary.folder, [temporary.folder]), "SOURCE_UNREADABLE");
  });

  test("with too many files is refused", async () => {
    await using temporary = await temporaryFolder();
    for (let n = 0; n < 4; n++) await writeFile(path.join(temporary.folder, `${n}.jpg`), "x");
    const limits = { ...LIMITS, archiveEntries: 3 };
    assert.equal(await refusal(temporary.folder, [temporary.folder], limits), "SOURCE_TOO_LARGE");
  });
});

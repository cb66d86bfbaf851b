import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { projectRoot } from "../../../src/lang/project-root.js";
import { whyNoPython } from "../../testkit/test-python.js";

/** Ways to skip a test that give no reason. */
const SILENT_SKIPS = /\b(?:test|it|describe|suite)\.(?:skip|todo)\(|\bskip: true\b|\.skip\(\)/;

describe("a test that cannot run on this machine", () => {
  test("says why it is skipped", async () => {
    const folder = path.join(projectRoot(), "test");
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"));
    assert.ok(files.length > 100);
    const silent: string[] = [];
    for (const file of files) {
      if (SILENT_SKIPS.test(await readFile(path.join(folder, file), "utf8"))) silent.push(file);
    }
    assert.deepEqual(silent, []);
  });

  test("is skipped without Python, and the reason names the variable and the packages", async () => {
    await withPython(undefined, async () => {
      assert.equal(
        await whyNoPython("tensorflow", "tensorboard"),
        "ESPALIER_TEST_PYTHON does not name a Python with tensorflow and tensorboard (see test/golden/README.md)",
      );
    });
  });

  test("is skipped when Python does not start or lacks a package, and the reason names the package", async () => {
    await withPython("/no/such/python", async () => {
      assert.equal(await whyNoPython("numpy"), "the Python of ESPALIER_TEST_PYTHON lacks numpy");
    });
  });
});

async function withPython(executable: string | undefined, check: () => Promise<void>): Promise<void> {
  const before = process.env.ESPALIER_TEST_PYTHON;
  const set = (value: string | undefined): void => {
    if (value === undefined) delete process.env.ESPALIER_TEST_PYTHON;
    else process.env.ESPALIER_TEST_PYTHON = value;
  };
  set(executable);
  try {
    await check();
  } finally {
    set(before);
  }
}

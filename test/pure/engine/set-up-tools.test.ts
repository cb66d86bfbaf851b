import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { requireBuildTools } from "../../../src/engine/native/addon-build.js";
import { TENSORFLOW } from "../../../src/engine/native/tensorflow-wheels.js";
import { requirePip } from "../../../src/engine/native/wheel-download.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/** A folder of programs that replaces the whole PATH of a machine; each ends with the given code. */
async function machineWith(folder: string, programs: Readonly<Record<string, number>>) {
  for (const [name, exitCode] of Object.entries(programs)) {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\necho "No module named pip"\nexit ${exitCode}\n`);
    await chmod(file, 0o755);
  }
  return { PATH: folder };
}

describe("the set-up names the missing program and how to install it", () => {
  test("no python3", async () => {
    await using temporary = await temporaryFolder();
    await assert.rejects(requirePip(await machineWith(temporary.folder, {}), TENSORFLOW), {
      code: "PYTHON_MISSING",
      message: /apt-get install python3 python3-pip.*ESPALIER_TENSORFLOW_DIR/,
    });
  });

  test("python3 without pip", async () => {
    await using temporary = await temporaryFolder();
    await assert.rejects(requirePip(await machineWith(temporary.folder, { python3: 1 }), TENSORFLOW), {
      code: "PIP_MISSING",
      message: /No module named pip.*apt-get install python3-pip/,
    });
  });

  test("no compiler", async () => {
    await using temporary = await temporaryFolder();
    await assert.rejects(requireBuildTools(await machineWith(temporary.folder, { python3: 0 })), {
      code: "BUILD_TOOLS_MISSING",
      message: /There is no make and no g\+\+.*apt-get install make g\+\+/,
    });
  });

  test("nothing when no program is missing", async () => {
    await using temporary = await temporaryFolder();
    const environment = await machineWith(temporary.folder, { python3: 0, make: 0, "g++": 0 });
    await requirePip(environment, TENSORFLOW);
    await requireBuildTools(environment);
  });
});

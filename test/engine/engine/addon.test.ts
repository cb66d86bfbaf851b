import assert from "node:assert/strict";
import { cp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../../src/core/config.js";
import { provideAddon } from "../../../src/engine/native/addon.js";
import { detectMachine } from "../../../src/engine/native/machine.js";
import { provideTensorFlow } from "../../../src/engine/native/tensorflow-folder.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const { cacheFolder, tensorflowFolder } = parseConfig(process.env);
const skip = tensorflowFolder === null ? false : "ESPALIER_TENSORFLOW_DIR is set, so the cache is not used";

test("a second checkout links to the shared TensorFlow and reuses the compiled addon", {
  skip,
}, async () => {
  await using temporary = await temporaryFolder();
  const packageFolder = path.join(temporary.folder, "node_modules/@tensorflow/tfjs-node-gpu");
  const installed = path.join(projectRoot(), "node_modules/@tensorflow/tfjs-node-gpu");
  for (const name of ["package.json", "binding", "binding.gyp"]) {
    await cp(path.join(installed, name), path.join(packageFolder, name), { recursive: true });
  }
  const lines: string[] = [];
  const provide = async (): Promise<string> => {
    const tensorflow = await provideTensorFlow(cacheFolder, detectMachine(process.env), assert.fail);
    return provideAddon(packageFolder, cacheFolder, tensorflow, (line) => lines.push(line));
  };

  const addonFile = await provide();
  assert.deepEqual(lines, ["TensorFlow 2.21.0 is ready"]);
  const link = path.join(packageFolder, "deps/lib/libtensorflow_cc.so.2");
  assert.equal(path.relative(cacheFolder, await readlink(link)).startsWith(".."), false);

  await provide();
  assert.equal(lines.length, 1, "the second start has nothing to do");

  const addon = await readFile(addonFile);
  await rm(path.join(packageFolder, "deps"), { recursive: true });
  await writeFile(addonFile, "damaged");
  await provide();
  assert.deepEqual(await readFile(addonFile), addon);
});

test("an error names the packages that are not installed", async () => {
  await using temporary = await temporaryFolder();
  const tensorflow = {
    libraryFile: "",
    frameworkFile: "",
    includeFolder: "",
    cudaFolder: null,
    identity: "none",
    shared: true,
  };
  await assert.rejects(
    provideAddon(temporary.folder, temporary.folder, tensorflow, () => {}),
    { code: "PACKAGES_MISSING", message: /npm ci/ },
  );
});

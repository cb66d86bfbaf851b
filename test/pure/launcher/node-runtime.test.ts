import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";

const FILE = pathToFileURL(path.join(projectRoot(), "launcher/node-runtime.mjs")).href;
/** Looks for a Node as the launcher does on an older one. */
const SCRIPT = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.0.0" } });
  const { provideNode } = await import(${JSON.stringify(FILE)});
  await provideNode().catch((error) => console.log(error.constructor.name, error.message));`;

for (const cache of ["/proc/x", "/etc/passwd/x"]) {
  test(`the cache ${cache}, which cannot be created, is refused in one sentence`, () => {
    const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", SCRIPT], {
      env: { ...process.env, ESPALIER_CACHE: cache },
      encoding: "utf8",
      timeout: 30_000,
    });
    assert.equal(signal, null);
    assert.match(
      stdout,
      /^Failure ESPALIER_CACHE must be a folder that .*, which \/\w+\/.*x is not: E[A-Z]+: /,
    );
  });
}

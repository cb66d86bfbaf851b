import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();

async function launcherModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, "launcher", name)).href)) as T;
}

describe("the launcher", () => {
  test("names its commands when it is given none of them", () => {
    const { status, stderr } = spawnSync(process.execPath, ["launcher/launch.mjs", "fly"], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /Expected one of demo, start, worker, test, check, bench, torture, setup, cli\. Received "fly"/,
    );
  });

  test("says what to do when packages cannot be installed", async () => {
    await using checkout = await bareCheckout();
    const { status, stderr } = spawnSync(process.execPath, ["launcher/launch.mjs", "start"], {
      cwd: checkout.folder,
      encoding: "utf8",
      env: { PATH: checkout.folder, HOME: checkout.folder },
    });
    assert.equal(status, 1);
    assert.match(stderr, /packages could not be installed\. There is no npm: install it \(Debian: apt-get/);
  });

  test("passes signals on, and the exit code back", async () => {
    const { become } = await processModule();
    assert.equal(await become(process.execPath, ["-e", "process.exit(7)"]), 7);

    const script =
      "process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); process.stdout.write('up')";
    const launch =
      `const { become } = await import(${JSON.stringify(processFile)});` +
      `process.exitCode = await become(process.execPath, ["-e", ${JSON.stringify(script)}]);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", launch], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(parent.stdout, "data");
    parent.kill("SIGTERM");
    assert.deepEqual(await once(parent, "exit"), [9, null]);
  });
});

describe("a step is done again", () => {
  test("when a file of its inputs is changed, added or removed, and not otherwise", async () => {
    const { fingerprint } = await launcherModule<{
      fingerprint: (root: string, entries: readonly string[]) => string;
    }>("fingerprint.mjs");
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    const file = path.join(folder, "src/deep/a.ts");
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "one");
    const now = (): string => fingerprint(folder, ["src", "tsconfig.json"]);

    const first = now();
    assert.equal(now(), first);
    await writeFile(path.join(folder, "src/b.ts"), "two");
    const added = now();
    await rm(path.join(folder, "src/b.ts"));
    assert.notEqual(added, first);
    assert.equal(now(), first);
    await utimes(file, new Date(), new Date(Date.now() + 5000));
    assert.notEqual(now(), first);
  });
});

test("compiled files whose source is gone do not stay to be run", async () => {
  const { removeStale } = await launcherModule<{ removeStale: (root: string) => void }>("steps.mjs");
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  for (const parent of ["test", "dist/test", "dist/web"]) {
    await mkdir(path.join(folder, parent), { recursive: true });
  }
  await writeFile(path.join(folder, "test/kept.test.ts"), "");
  for (const name of ["kept.test.js", "kept.test.js.map", "gone.test.js", "gone.test.js.map"]) {
    await writeFile(path.join(folder, "dist/test", name), "");
  }
  await writeFile(path.join(folder, "dist/web/index.js"), "");
  removeStale(folder);
  assert.deepEqual((await readdir(path.join(folder, "dist/test"))).sort(), [
    "kept.test.js",
    "kept.test.js.map",
  ]);
  assert.deepEqual(await readdir(path.join(folder, "dist/web")), ["index.js"]);
});

const processFile = pathToFileURL(path.join(root, "launcher/process.mjs")).href;

function processModule() {
  return launcherModule<{ become: (program: string, args: readonly string[]) => Promise<number> }>(
    "process.mjs",
  );
}

/** The launcher and the lock file, and nothing that they ask for. */
async function bareCheckout() {
  const temporary = await temporaryFolder();
  for (const name of ["launcher", "package.json", "package-lock.json"]) {
    await cp(path.join(root, name), path.join(temporary.folder, name), { recursive: true });
  }
  return temporary;
}

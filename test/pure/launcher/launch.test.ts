import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();

async function launcherModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, "launcher", name)).href)) as T;
}

function launch(...words: readonly string[]) {
  return spawnSync(process.execPath, ["launcher/launch.mjs", ...words], { cwd: root, encoding: "utf8" });
}

/** Launches in another checkout, where no program is found but Node. */
function launchIn(folder: string, ...words: readonly string[]) {
  return spawnSync(process.execPath, ["launcher/launch.mjs", ...words], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: folder, HOME: folder },
  });
}

describe("the launcher", () => {
  test("lists its commands on standard output when it is asked for help", () => {
    for (const word of ["--help", "-h"]) {
      const { status, stdout, stderr } = launch(word);
      assert.equal(status, 0);
      assert.match(stdout, /^ {2}start +serve the API/m);
      assert.match(stdout, /^ {2}check +run the gate/m);
      assert.equal(stderr, "");
    }
  });

  test("explains one of its own commands, before it installs anything", async () => {
    await using checkout = await bareCheckout();
    const { status, stdout } = launchIn(checkout.folder, "test", "--help");
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: npm run test -- \[word \.\.\.\] \[--test-\.\.\.\]\n\nRun the tests\.\n/);
  });

  test("leaves the help of a program to the program", () => {
    for (const [command, usage] of [
      ["start", /^Usage: espalier serve /],
      ["worker", /^Usage: espalier worker /],
      ["cli", /^Usage: espalier /],
    ] as const) {
      const { status, stdout } = launch(command, "--help");
      assert.equal(status, 0);
      assert.match(stdout, usage);
    }
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /Expected one of demo, start, .*\. Received ""\./],
    [["fly"], /Expected one of demo, start, .*\. Received "fly"\.[\s\S]*start +serve the API/],
    [["constructor"], /Received "constructor"/],
    [["test", "--fast"], /options that begin with --test-\. Received --fast\.[\s\S]*Usage: npm run test/],
    [["check", "--fast"], /Received --fast\.[\s\S]*Usage: npm run check/],
    [["lint", "--fix"], /Expected paths only\. Received --fix\./],
    [["schema", "now"], /Expected no arguments\. Received now\./],
    [["migration"], /Expected one name\. Received nothing\./],
    [["migration", "add", "column"], /Expected one name\. Received add column\./],
    [["setup", "all"], /Expected no arguments\. Received all\./],
    [["cli", "sevre"], /espalier: unknown command 'sevre'/],
    [["start", "--port"], /espalier serve: unknown option '--port'/],
  ];
  for (const [words, message] of wrong) {
    test(`refuses "${words.join(" ")}" with exit code 2`, () => {
      const { status, stdout, stderr } = launch(...words);
      assert.equal(status, 2);
      assert.equal(stdout, "");
      assert.match(stderr, message);
    });
  }

  test("is the program espalier of the package", async () => {
    const { bin } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as {
      bin: { espalier: string };
    };
    const { status, stdout } = spawnSync(path.join(root, bin.espalier), ["serve", "--help"], {
      encoding: "utf8",
      cwd: "/",
      env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}` },
    });
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: espalier serve /);
  });

  test("says what to do when packages cannot be installed", async () => {
    await using checkout = await bareCheckout();
    const { status, stderr } = launchIn(checkout.folder, "start");
    assert.equal(status, 1);
    assert.match(stderr, /packages could not be installed\. npm is missing: install it \(Debian: apt-get/);
  });

  test("installs packages with the Node that runs them, not with an older one on the PATH", async () => {
    await using checkout = await bareCheckout();
    await writeFile(path.join(checkout.folder, "npm"), '#!/bin/sh\necho "$PATH"\nexit 1\n', { mode: 0o755 });
    const { stderr } = spawnSync(process.execPath, ["launcher/launch.mjs", "start"], {
      cwd: checkout.folder,
      encoding: "utf8",
      env: { PATH: checkout.folder, HOME: checkout.folder },
    });
    assert.match(stderr, /The output of npm:\n/);
    assert.ok(
      stderr.includes(`\n${path.dirname(process.execPath)}${path.delimiter}${checkout.folder}\n`),
      stderr,
    );
  });

  test("passes signals to the command, and its exit code back", async () => {
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

test("programs run with the libraries' code for production, unless the caller says otherwise", async () => {
  const { COMMANDS } = await launcherModule<{
    COMMANDS: { bench: { run: (invocation: object) => Promise<number> } };
  }>("commands.mjs");
  await using temporary = await temporaryFolder();
  const root = temporary.folder;
  const said = path.join(root, "said");
  await mkdir(path.join(root, "dist/bench"), { recursive: true });
  await writeFile(
    path.join(root, "dist/bench/main.js"),
    `require("node:fs").writeFileSync(${JSON.stringify(said)}, process.env.NODE_ENV);`,
  );
  const before = process.env.NODE_ENV;
  try {
    for (const [given, seen] of [
      [undefined, "production"],
      ["development", "development"],
    ] as const) {
      delete process.env.NODE_ENV;
      if (given !== undefined) process.env.NODE_ENV = given;
      assert.equal(await COMMANDS.bench.run({ root, node: process.execPath, args: [] }), 0);
      assert.equal(await readFile(said, "utf8"), seen);
    }
  } finally {
    delete process.env.NODE_ENV;
    if (before !== undefined) process.env.NODE_ENV = before;
  }
});

describe("a step runs again", () => {
  test("when one of its input files is changed, added or removed, and not otherwise", async () => {
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

test("compiled files without a source are removed", async () => {
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

/** A checkout with the launcher and the lock file alone. */
async function bareCheckout() {
  const temporary = await temporaryFolder();
  for (const name of ["launcher", "package.json", "package-lock.json"]) {
    await cp(path.join(root, name), path.join(temporary.folder, name), { recursive: true });
  }
  return temporary;
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer, text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DemoReport } from "../../../demo/report.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const DEMO = fileURLToPath(import.meta.resolve("../../../demo/main.js"));

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-demo-"));
  await writeFile(path.join(folder, "flowers.tar"), await drawFlowerArchive(12));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Starts the demo as npm does, with the folder of the user in INIT_CWD. */
function startDemo(args: readonly string[]) {
  const { DATABASE_URL: _, ...environment } = process.env;
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...environment, ESPALIER_HOME: path.join(folder, "home"), INIT_CWD: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended };
}

async function runDemo(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { child, ended } = startDemo(args);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

test("the demo runs the full workflow on an archive, twice, and ends with one line of JSON", async () => {
  for (const version of [1, 2]) {
    const { code, out, err } = await runDemo(["--data", "flowers.tar", "--json"]);
    assert.equal(code, 0, err);
    assert.equal(out.trimEnd().split("\n").length, 1, out);
    const report = JSON.parse(out) as DemoReport;
    assert.deepEqual(report.dataset, { version, samples: 60, quarantined: 4 });
    assert.equal(report.alias, "flowers@champion");
    assert.deepEqual(
      report.runs.map((run) => [run.state, run.epochs]),
      [
        ["SUCCEEDED", 12],
        ["SUCCEEDED", 12],
      ],
    );
    const scores = report.runs.map((run) => run.bestValTop1 ?? -1);
    assert.equal(report.runs.find((run) => run.id === report.betterRun)?.bestValTop1, Math.max(...scores));
    assert.equal(report.classified.length, 3);
    for (const image of report.classified) {
      assert.equal(image.file.includes(`${image.expected}/`), true);
      assert.ok(image.probability > 0 && image.probability <= 1);
    }
    assert.match(err, /epoch 12\/12/, "progress is on standard error, with a line per epoch");
  }
});

test("an archive without images ends the demo with the error of the import", async () => {
  await writeFile(path.join(folder, "notes.zip"), "these are only notes");
  const { code, err } = await runDemo(["--data", "notes.zip"]);
  assert.equal(code, 1);
  assert.match(err, /The demo failed\. .*\([A-Z_]+\)/s);
});

test("Ctrl-C stops the demo and its server", async () => {
  const { child, ended } = startDemo(["--data", "flowers.tar"]);
  const collected = buffer(child.stderr);
  let out = "";
  for await (const chunk of child.stdout) {
    out += String(chunk);
    if (/epoch +1\/12/.test(out)) child.kill("SIGINT");
  }
  assert.equal(await ended, 130, String(await collected));
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(out)?.[0];
  assert.ok(url !== undefined, out);
  await assert.rejects(fetch(url), "the server does not listen any more");
});

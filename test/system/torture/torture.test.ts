import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { TortureReport } from "../../../torture/report.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const TORTURE = fileURLToPath(import.meta.resolve("../../../torture/main.js"));

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-torture-"));
  await writeFile(path.join(folder, "flowers.tar"), await drawFlowerArchive(24));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Starts torture as npm does for a user in `folder`, where it also keeps its temporary files. */
function startTorture(...args: readonly string[]) {
  const child = spawn(process.execPath, [TORTURE, "--data", "flowers.tar", ...args], {
    env: { ...process.env, INIT_CWD: folder, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended: Promise.all([code, text(child.stdout)]) };
}

/** Processes whose command line names the folder, and files that were left in it. */
async function traces(): Promise<readonly string[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const left = await readdir(folder);
  return [...lines.filter((line) => line.includes(folder)), ...left.filter((name) => name !== "flowers.tar")];
}

test("a run whose server is killed, and whose database crashes, fails over and ends transactions, ends like an undisturbed run", async () => {
  const { child, ended } = startTorture(
    ...["--kills", "3", "--postgres-restarts", "1", "--failovers", "1", "--deadlocks", "1"],
    ...["--import-restarts", "2", "--json"],
  );
  const progress = text(child.stderr);
  const [code, out] = await ended;
  assert.equal(code, 0, await progress);
  assert.equal(out.trimEnd().split("\n").length, 1, out);
  const { seconds, runs, identicalRuns, ...report } = JSON.parse(out) as TortureReport;
  assert.deepEqual(report, {
    ...{ kills: 3, identical: 3, postgresRestarts: 1, failovers: 1, deadlocks: 1, differences: 0, seed: 0 },
    ...{ importRestarts: 2, identicalImports: 2 },
    ...{ metricsLost: 0, metricsDoubled: 0, eventsLost: 0, eventsDoubled: 0, eventsOutOfOrder: 0 },
  });
  assert.ok(seconds > 0 && runs >= 1 && identicalRuns === runs);
  assert.match(await progress, /run 1: killed the server .*\n[\s\S]*run 1: identical/);
  assert.deepEqual(await traces(), []);
});

test("Ctrl-C leaves no process and no file", async () => {
  const { child, ended } = startTorture("--kills", "3");
  let progress = "";
  for await (const chunk of child.stderr) {
    progress += String(chunk);
    if (/killed the server/.test(progress)) child.kill("SIGINT");
  }
  assert.deepEqual(await ended, [130, ""], progress);
  assert.deepEqual(await traces(), []);
});

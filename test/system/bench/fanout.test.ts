import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BENCH = fileURLToPath(import.meta.resolve("../../../bench/main.js"));

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-bench-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, INIT_CWD: folder, TMPDIR: folder });

test("subscribers in another process receive every event of a run", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [BENCH, "fanout", "--subscribers", "60", "--rate", "40", "--seconds", "1", "--json"],
    { env: environment() },
  );
  const { bench, figures, settings } = JSON.parse(stdout.trimEnd());
  const { subscribers, lost, doubled, disordered, disconnected, events } = figures;
  assert.deepEqual(
    { bench, subscribers, lost, doubled, disordered, disconnected, events },
    { bench: "fanout", subscribers: 60, lost: 0, doubled: 0, disordered: 0, disconnected: 0, events: 40 },
  );
  const { p50Ms, p95Ms, p99Ms, maxMs, receivedPerSecond, eventsPerSecond } = figures;
  assert.ok(p50Ms >= 0 && p50Ms <= p95Ms && p95Ms <= p99Ms && p99Ms <= maxMs);
  assert.ok(
    Math.abs(receivedPerSecond / eventsPerSecond - 60) < 0.1,
    "every subscriber received every event",
  );
  assert.deepEqual(settings, { rate: 40, seconds: 1 });
  assert.deepEqual(await readdir(folder), []);
});

test("an interrupted benchmark stops its server, database and subscribers and removes its files", async () => {
  const bench = spawn(process.execPath, [BENCH, "fanout", "--subscribers", "5", "--seconds", "600"], {
    env: environment(),
  });
  bench.stdout.resume();
  for await (const line of createInterface({ input: bench.stderr })) {
    if (!line.startsWith("writing")) continue;
    bench.kill("SIGINT");
    break;
  }
  bench.stderr.resume();
  assert.deepEqual(await once(bench, "close"), [130, null]);
  assert.deepEqual(await readdir(folder), []);
});

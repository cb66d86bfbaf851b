import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { RunRecord } from "../../../src/training/record/run-records.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import {
  epochDone,
  finalDigest,
  follow,
  openTrainingWorld,
  runNow,
  type TrainingWorld,
} from "./training-world.js";

/** The device of an active run. */
async function deviceOf({ database }: TrainingWorld, runId: string): Promise<string> {
  const { rows } = await rawSql(database, `select device from run where id = $1`, [runId]);
  return String(rows[0]?.device);
}

interface Everything {
  readonly rows: Readonly<Record<string, unknown>>;
  /** Digests by path below the folder of the run. */
  readonly files: Readonly<Record<string, string>>;
}

/** All data of a run: its rows, and its files by name and content. */
async function everythingOf({ database, homeFolder }: TrainingWorld, runId: string): Promise<Everything> {
  const rows: Record<string, unknown> = {};
  for (const table of ["epoch", "metric_series", "run_event", "checkpoint", "evaluation", "artifact"]) {
    const found = await rawSql(database, `select * from ${table} where run_id = $1 order by 1, 2`, [runId]);
    rows[table] = found.rows;
  }
  const points = `select p.* from metric_point p join metric_series s on s.id = p.series_id where s.run_id = $1 order by 1, 2`;
  rows.metric_point = (await rawSql(database, points, [runId])).rows;
  rows.run = (await rawSql(database, `select * from run where id = $1`, [runId])).rows;
  const folder = path.join(homeFolder, "runs", runId);
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files[path.relative(folder, file)] = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  }
  return { rows, files };
}

const overlap = (a: RunRecord, b: RunRecord): boolean =>
  a.startedAt! < b.endedAt! && b.startedAt! < a.endedAt!;

test("two workers share three runs, and no device has two runs at the same time", async () => {
  await using world = await openTrainingWorld();
  const configuration = { epochs: 12 };
  const runs = [
    await world.launchTiny(configuration),
    await world.launchTiny(configuration),
    await world.launchTiny(configuration),
  ];
  await using _first = world.startTrainerInChild({ ESPALIER_DEVICE: "first" });
  await using _second = world.startTrainerInChild({ ESPALIER_DEVICE: "second" });
  const devices = await Promise.all(
    runs.map(async ({ id }) => {
      await follow(world, id, (event) => event.kind === "RunStateChanged" && event.to === "RUNNING");
      const device = await deviceOf(world, id);
      await follow(world, id);
      return device;
    }),
  );
  const ended = await Promise.all(runs.map(({ id }) => runNow(world, id)));
  assert.deepEqual(
    ended.map(({ state, attempt }) => [state, attempt]),
    Array(3).fill(["SUCCEEDED", 1]),
  );
  assert.deepEqual([...new Set(devices)].toSorted(), ["first", "second"]);
  for (const [index, run] of ended.entries()) {
    for (const [other, another] of ended.entries()) {
      if (other <= index || devices[index] !== devices[other]) continue;
      assert.ok(!overlap(run, another), "one after the other");
    }
  }
  const digests = await Promise.all(runs.map(({ id }) => finalDigest(world, id)));
  assert.equal(new Set(digests).size, 1, "equal runs end with equal bytes, wherever they were trained");
});

test("a worker that was suspended longer than its lease changes nothing of its former run", async () => {
  await using world = await openTrainingWorld();
  const configuration = { epochs: 400 };
  const { id } = await world.launchTiny(configuration);
  await using stopped = world.startTrainerInChild({ ESPALIER_DEVICE: "slow", ESPALIER_LEASE_SECONDS: "2" });
  await follow(world, id, epochDone(3));
  stopped.signal("SIGSTOP");
  {
    await using _taker = await world.startTrainer({ device: "fast", leaseSeconds: 2 });
    await follow(world, id, (event) => event.kind === "RunStateChanged" && event.to === "INTERRUPTED");
    await follow(world, id, epochDone(5));
    await world.control.cancel(id);
    await follow(world, id);
  }
  const ended = await runNow(world, id);
  assert.deepEqual([ended.state, ended.attempt], ["CANCELLED", 2]);
  const before = await everythingOf(world, id);

  stopped.signal("SIGCONT");
  // The resumed worker is the only one now: once it has trained another run, it has given up the first.
  const next = await world.launchTiny({ epochs: 1 });
  await follow(world, next.id);
  assert.equal((await runNow(world, next.id)).state, "SUCCEEDED");
  const after = await everythingOf(world, id);
  assert.deepEqual(after.rows, before.rows);
  // Its unfinished files lie beside those of the run, named by its own attempt.
  const added = Object.keys(after.files).filter((name) => !(name in before.files));
  assert.deepEqual(
    added.filter((name) => !/\battempt-1\b/.test(name)),
    [],
  );
  assert.deepEqual({ ...after.files, ...before.files }, after.files);
});

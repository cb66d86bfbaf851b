import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { epochDone, finalDigest, follow, openTrainingWorld, runNow } from "./training-world.js";

test("a run whose images are gone fails with INVALID_DATA, and the trainer continues with the next run", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny();
  await rm(path.join(world.homeFolder, "blobs"), { recursive: true });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason], ["FAILED", "INVALID_DATA"]);
  assert.ok(run.endDetail);
  const next = await world.launchTiny();
  await follow(world, next.id);
  assert.equal((await runNow(world, next.id)).state, "FAILED");
});

test("a run survives a database that drops its connections, and ends with the same bytes", async () => {
  await using world = await openTrainingWorld();
  const [expected, run] = [await world.launchTiny(), await world.launchTiny()];
  await using _trainer = await world.startTrainer();
  await follow(world, expected.id);
  for (const epoch of [1, 2]) {
    await follow(world, run.id, epochDone(epoch));
    await rawSql(
      world.database,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
  }
  await follow(world, run.id);
  assert.equal((await runNow(world, run.id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, run.id), await finalDigest(world, expected.id));
});

test("a run with settings of a later version fails with their names, without affecting other runs", async () => {
  await using world = await openTrainingWorld();
  const [mixup, lion, plain] = [
    await world.launchTiny(),
    await world.launchTiny(),
    await world.launchTiny({ epochs: 1 }),
  ];
  const change = (runId: string, settings: object) =>
    rawSql(world.database, `update run set configuration = configuration || $2::jsonb where id = $1`, [
      runId,
      settings,
    ]);
  await change(mixup.id, { mixup: 0.2 });
  await change(lion.id, { optimizer: { kind: "lion" } });
  await using _trainer = await world.startTrainer();
  for (const [{ id }, setting] of [
    [mixup, /mixup/],
    [lion, /optimizer\.kind/],
  ] as const) {
    await follow(world, id);
    const [run] = await world.runs.find([id]);
    assert.deepEqual([run?.state, run?.endReason], ["FAILED", "INVALID_DATA"]);
    assert.match(run?.endDetail ?? "", setting);
  }
  await follow(world, plain.id);
  assert.equal((await runNow(world, plain.id)).state, "SUCCEEDED");
});

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { KillablePostgres } from "../../../../torture/world/killable-postgres.js";
import { composeDataWorld, type DataWorld, followImport } from "../../../testkit/data-world.js";
import { zipOf } from "../../../testkit/files/archives.js";
import { classFolders } from "../../../testkit/files/images.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const NEVER = new AbortController().signal;
const SPLIT = { validation: 0.2, test: 0.2, seed: 0 };

/** The data part of the product over a PostgreSQL that can be killed. */
async function openCrashWorld() {
  const home = await temporaryFolder();
  const postgres = await KillablePostgres.start(path.join(home.folder, "postgres"));
  await applyMigrations(postgres.url, testLog);
  const database = await Database.open(postgres.url, testLog);
  const world = await composeDataWorld(path.join(home.folder, "home"), database, postgres.url);
  return {
    postgres,
    world,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function start(world: DataWorld, dataset: string, uploadId: string): Promise<string> {
  const request = { dataset, description: null, source: { uploadId }, split: SPLIT, idempotencyKey: null };
  return (await world.importer.start(request)).id;
}

test("an import goes on by itself when PostgreSQL crashes while it reads images, and while it writes rows", async () => {
  await using crashWorld = await openCrashWorld();
  const { world, postgres } = crashWorld;
  const uploadId = await world.upload(zipOf(await classFolders({ daisy: 100, rose: 100 })));
  const whole = await world.import({ dataset: "reference", source: { uploadId } });

  const reading = await start(world, "reading", uploadId);
  for await (const event of world.importer.follow(reading, null, NEVER)) {
    if (event.kind === "ImportProgress") break;
  }
  await postgres.crash("SIGKILL", 0, NEVER);
  await followImport(world.importer, reading);

  const blocker = await postgres.connect();
  await blocker.query("begin");
  await blocker.query("lock table sample in share mode");
  const writing = await start(world, "writing", uploadId);
  const waits = "select from pg_locks where relation = 'sample'::regclass and not granted";
  while ((await blocker.query(waits)).rowCount === 0);
  await postgres.crash("SIGQUIT", 0, NEVER);
  await followImport(world.importer, writing);
  await blocker.end().catch(() => {});

  for (const version of await world.datasets.findVersions([reading, writing])) {
    assert.equal(version.status, "READY", version.failureMessage ?? "");
    assert.equal(version.hash, whole.hash);
    assert.equal((await world.datasets.allSamples(version.id)).length, 200);
  }
});

test("an import that meets a read-only server is complete once the server accepts writes", async () => {
  await using crashWorld = await openCrashWorld();
  const { world, postgres } = crashWorld;
  const uploadId = await world.upload(zipOf(await classFolders({ daisy: 20, rose: 20 })));
  const whole = await world.import({ dataset: "reference", source: { uploadId } });

  const blocker = await postgres.connect();
  const admin = await postgres.connect();
  const leaseHolder = async (): Promise<unknown> => {
    const { rows } = await admin.query("select pid from pg_locks where locktype = 'advisory' and granted");
    return rows[0]?.pid;
  };
  await blocker.query("begin");
  await blocker.query("lock table sample in share mode");
  const versionId = await start(world, "waiting", uploadId);
  const waits = "select from pg_locks where relation = 'sample'::regclass and not granted";
  while ((await admin.query(waits)).rowCount === 0);
  const before = await leaseHolder();

  await admin.query("alter system set default_transaction_read_only = on");
  await admin.query("select pg_reload_conf()");
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'espalier%' and pid <> pg_backend_pid()",
  );
  const isBack = (pid: unknown): boolean => pid !== undefined && pid !== before;
  while (!isBack(await leaseHolder()));
  await admin.query("alter system reset default_transaction_read_only");
  await admin.query("select pg_reload_conf()");
  await admin.end();
  await followImport(world.importer, versionId);
  await blocker.end();
  const [version] = await world.datasets.findVersions([versionId]);
  assert.equal(version?.hash, whole.hash, version?.failureMessage ?? "");
});

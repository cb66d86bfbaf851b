import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import pg from "pg";
import { DatabaseTarget } from "../../../src/db/connecting/database-target.js";
import { Database } from "../../../src/db/database.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { sqlFromDatabaseToSchema } from "../../../src/db/migrations/schema-engine.js";
import { Doorbell } from "../../../src/lang/doorbell.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { composeDataWorld } from "../../testkit/data-world.js";
import { zipOf } from "../../testkit/files/archives.js";
import { classFolders } from "../../testkit/files/images.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { finishEpoch, leaseOf, startNext, succeed, trainingOver } from "../training/training-stores.js";

/** Defaults of a database, as a role has them too, that change what statements mean, return or may take. */
const HOSTILE: Readonly<Record<string, string>> = {
  search_path: "hostile, pg_catalog",
  DateStyle: "'SQL, DMY'",
  IntervalStyle: "sql_standard",
  TimeZone: "'Asia/Kolkata'",
  extra_float_digits: "-15",
  bytea_output: "escape",
  standard_conforming_strings: "off",
  transform_null_equals: "on",
  array_nulls: "off",
  quote_all_identifiers: "on",
  default_transaction_isolation: "serializable",
  default_transaction_deferrable: "on",
  synchronous_commit: "off",
  client_encoding: "LATIN1",
  // Long enough to set what the product relies on, and far too short for what follows.
  statement_timeout: "'1500ms'",
  lock_timeout: "'1500ms'",
  transaction_timeout: "'1500ms'",
  idle_session_timeout: "'1500ms'",
  idle_in_transaction_session_timeout: "'1500ms'",
};

/** What every session shows instead. */
const RELIED_ON: Readonly<Record<string, string>> = {
  search_path: '"public"',
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "1",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  quote_all_identifiers: "off",
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  synchronous_commit: "on",
  client_encoding: "UTF8",
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_session_timeout: "0",
};

const SETTINGS = "select name, current_setting(name) as value from unnest($1::text[]) as name";

async function createHostileDatabase(): Promise<{ url: string } & AsyncDisposable> {
  const empty = await createEmptyDatabase();
  const client = new pg.Client({ connectionString: empty.url });
  await client.connect();
  const { rows } = await client.query("select current_database() as name");
  await client.query("create schema hostile");
  // Found instead of ours, unless the search path is set first and names are qualified.
  await client.query("create table hostile.run (id int)");
  await client.query(
    `create function hostile.set_config(text, text, boolean) returns text language plpgsql as
     $$ begin raise exception 'the function of another schema was called'; end $$`,
  );
  for (const [name, value] of Object.entries(HOSTILE)) {
    await client.query(`alter database ${rows[0]?.name} set ${name} = ${value}`);
  }
  await client.end();
  return empty;
}

test("main reads and writes work whatever a database or a role sets by default", async () => {
  await using hostile = await createHostileDatabase();
  await using home = await temporaryFolder();
  await applyMigrations(hostile.url, testLog);
  await using database = await Database.open(hostile.url, testLog);
  await using data = await composeDataWorld(home.folder, database, hostile.url);

  const uploadId = await data.upload(zipOf(await classFolders({ "gänseblümchen's": 8, rose: 8 })));
  const version = await data.import({ source: { uploadId } });
  assert.equal(version.status, "READY", version.failureMessage ?? "");
  assert.deepEqual([...version.classNames].sort(), ["gänseblümchen's", "rose"]);
  assert.ok(Math.abs(version.createdAt.getTime() - Date.now()) < 60_000, "times are not shifted");

  const training = trainingOver(database);
  const bell = new Doorbell();
  database.notifier.on("queue", bell.ring);
  const launched = await training.launch({ name: "it's \\n" });
  await bell.wait();
  const attempt = await startNext(training);
  const losses = [0.1 + 0.2, 1 / 3, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY];
  for (const [index, validationLoss] of losses.entries()) {
    await finishEpoch(training, attempt, { number: index + 1, validationLoss });
  }
  assert.equal(await training.queue.renew(attempt, leaseOf()), null);
  await succeed(training, attempt);
  const { points } = await training.metrics.history(attempt.runId, "validation.loss", 100);
  assert.deepEqual(
    points.map(({ value }) => value),
    losses,
    "floating-point numbers are exact",
  );
  const events = await training.events.list(attempt.runId, { first: 100, after: null });
  assert.equal(events.items.at(-1)?.node.kind, "RunStateChanged");
  const [run] = await training.runs.find([attempt.runId]);
  assert.equal(run?.state, "SUCCEEDED");
  assert.equal(run?.createdAt.getTime(), launched.createdAt.getTime());
});

test("every kind of session sets what the product relies on, and is not ended by the defaults", async () => {
  await using hostile = await createHostileDatabase();
  await applyMigrations(hostile.url, testLog);
  await using database = await Database.open(hostile.url, testLog);
  const names = Object.keys(RELIED_ON);
  const shown = (rows: readonly { name: string; value: string }[]) =>
    Object.fromEntries(rows.map(({ name, value }) => [name, value]));

  const fromPool = sql<{ name: string; value: string }>`
    select name, current_setting(name) as value from unnest(${names}::text[]) as name`;
  assert.deepEqual(shown((await fromPool.execute(database.kysely)).rows), RELIED_ON);
  await using session = await database.session();
  assert.deepEqual(shown((await fromPool.execute(session.kysely)).rows), RELIED_ON);
  await database.transaction(async ({ kysely }) => {
    const { rows } = await sql<{
      level: string;
    }>`select current_setting('transaction_isolation') as level`.execute(kysely);
    assert.equal(rows[0]?.level, "read committed");
  });
  const target = await DatabaseTarget.of(hostile.url);
  const client = await target.connect("-migrations");
  assert.deepEqual(shown((await client.query(SETTINGS, [names])).rows), RELIED_ON);

  // Longer than every timeout of the database: the statement is not ended, and neither is the idle listener.
  const listener =
    "select pid from pg_stat_activity where application_name = 'espalier-notifier' and datname = current_database()";
  const before = (await client.query(listener)).rows;
  await client.query("select pg_sleep(2)");
  assert.deepEqual((await client.query(listener)).rows, before);
  await client.end();

  const schema = await readFile(path.join(projectRoot(), "prisma", "schema.prisma"), "utf8");
  assert.equal(await sqlFromDatabaseToSchema(target, schema), null);
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { DatabaseTarget } from "../../../src/db/connecting/database-target.js";
import { Database } from "../../../src/db/database.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { sqlFromDatabaseToSchema } from "../../../src/db/migrations/schema-engine.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { finishEpoch, insertVersion, startNext, trainingOver } from "../training/training-stores.js";

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("two Espaliers share a database, each with a schema of its own, which Prisma, Kysely and migrations use", async () => {
  await using empty = await createEmptyDatabase();
  const urls = [`${empty.url}?schema=one`, `${empty.url}?options=-c%20search_path%3D%22Second%22`];
  for (const [index, url] of urls.entries()) {
    await applyMigrations(url, testLog);
    assert.deepEqual(await applyMigrations(url, testLog), []);
    await using database = await Database.open(url, testLog);
    const training = trainingOver(database);
    await insertVersion(database, { dataset: "flowers" });
    await training.launch({ experiment: `experiment-${index}` });
    const attempt = await startNext(training);
    await finishEpoch(training, attempt, { number: 1 });
    assert.equal(await database.prisma.run.count(), 1);
    assert.equal((await database.kysely.selectFrom("epoch").select("number").execute()).length, 1);
  }
  const tables = await query(
    empty.url,
    "select schemaname as schema, count(*)::int from pg_tables where schemaname not in ('pg_catalog', 'information_schema') group by 1 order by 1",
  );
  assert.deepEqual(
    tables.map(({ schema }) => schema),
    ["Second", "one"],
  );
  assert.equal(tables[0]?.count, tables[1]?.count);
  const schema = await readFile(path.join(projectRoot(), "prisma", "schema.prisma"), "utf8");
  for (const url of urls)
    assert.equal(await sqlFromDatabaseToSchema(await DatabaseTarget.of(url), schema), null);
});

describe("a database of another application", () => {
  for (const [what, setUp, named] of [
    [
      "with tables",
      "create table orders (id int); create table customers (id int)",
      /has the tables customers, orders/,
    ],
    ["with a view", "create view report as select 1 as one", /report/],
    [
      "with many tables",
      "create table a (); create table b (); create table c (); create table d ()",
      /has the tables a, b, c and 1 more/,
    ],
    [
      "with migrations of Prisma",
      "create table _prisma_migrations (migration_name text); insert into _prisma_migrations values ('2020_init')",
      /has the tables _prisma_migrations/,
    ],
    [
      "with tables of our names",
      "create table run (id int); create table _prisma_migrations (id int)",
      /has the tables run/,
    ],
  ] as const) {
    test(`${what} is refused in one sentence, and nothing is written`, async () => {
      await using empty = await createEmptyDatabase();
      await query(empty.url, setUp);
      const catalog = "select oid::int, relname, relnamespace::int from pg_class order by oid";
      const before = await query(empty.url, catalog);
      await assert.rejects(applyMigrations(empty.url, testLog), (error) => {
        assert.ok(error instanceof AppError && error.code === "DATABASE_FOREIGN", String(error));
        assert.match(error.message, named);
        assert.doesNotMatch(error.message, /[.!?] [A-Z]/);
        return true;
      });
      assert.deepEqual(await query(empty.url, catalog), before);
      // Beside it there is room.
      assert.notDeepEqual(await applyMigrations(`${empty.url}?schema=espalier`, testLog), []);
    });
  }

  test("is not one whose other schemas are in use, or whose tables belong to an extension", async () => {
    await using empty = await createEmptyDatabase();
    await query(
      empty.url,
      "create schema shop; create table shop.orders (id int); create table shop._prisma_migrations (migration_name text)",
    );
    const { length } = await query(
      empty.url,
      "select from pg_available_extensions where name = 'pg_stat_statements'",
    );
    if (length === 1) await query(empty.url, "create extension pg_stat_statements");
    assert.notDeepEqual(await applyMigrations(empty.url, testLog), []);
    // Tables that were added to ours later.
    await query(empty.url, "create table report (id int)");
    assert.deepEqual(await applyMigrations(empty.url, testLog), []);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import pg from "pg";
import { hasCode } from "../../../src/core/app-error.js";
import { Database } from "../../../src/db/database.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { DatabaseLink } from "../../testkit/postgres/database-link.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { becomeReadOnly } from "../../testkit/postgres/read-only.js";

const isReadOnly = (error: unknown): boolean => hasCode(error, "DATABASE_READ_ONLY");
const isUnreachable = (error: unknown): boolean => hasCode(error, "DATABASE_UNREACHABLE");

test("statements and transactions wait for a server that is away, and run once", async () => {
  await using testDatabase = await createTestDatabase();
  await using link = await DatabaseLink.open(testDatabase.url);
  await using database = await Database.open(link.url, testLog);
  link.become("cut");
  // The pool has no connection by now, so that a write is not sent before the server answers again.
  await assert.rejects(database.checkReady(), isUnreachable);
  const { tried } = link;
  const done = Promise.all([
    database.prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } }),
    database.kysely.insertInto("dataset").values({ id: "ds_2", name: "leaves" }).execute(),
    database.kysely.selectFrom("dataset").select("id").execute(),
    database.transaction(({ prisma }) => prisma.dataset.create({ data: { id: "ds_3", name: "fruits" } })),
  ]);
  await tried;
  link.become("open");
  await done;
  assert.equal(await database.prisma.dataset.count(), 3);
  await database.checkReady();
});

test("a transaction that loses its connection runs again, and is kept once", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  let tries = 0;
  await database.transaction(async ({ prisma, kysely }) => {
    tries += 1;
    await prisma.dataset.create({ data: { id: `ds_${tries}`, name: `flowers-${tries}` } });
    if (tries === 1) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(kysely);
  });
  assert.deepEqual(await database.prisma.dataset.findMany({ select: { id: true } }), [{ id: "ds_2" }]);
});

test("a read whose connection is lost while it runs is repeated", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await rawSql(database, "create sequence tries");
  // The first try ends its own connection. A sequence does not roll back.
  const { rows } = await rawSql(
    database,
    "select case when nextval('tries') = 1 then pg_terminate_backend(pg_backend_pid()) end, lastval()::int as tries",
  );
  assert.equal(rows[0]?.tries, 2);
});

test("a write whose connection is lost while it runs is not repeated, and the error says that it may be saved", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await rawSql(database, "create sequence tries");
  await assert.rejects(
    rawSql(
      database,
      "insert into dataset (id, name) select 'ds_' || nextval('tries'), case when pg_terminate_backend(pg_backend_pid()) then 'x' end",
    ),
    mayBeSaved,
  );
  const { rows } = await rawSql(database, "select last_value::int from tries");
  assert.equal(rows[0]?.lastValue, 1);
});

test("a commit whose answer is lost is not repeated, and the error says that it may be saved", async () => {
  await using testDatabase = await createTestDatabase();
  await using link = await DatabaseLink.open(testDatabase.url);
  await using database = await Database.open(link.url, testLog);
  await using gate = await openGate(testDatabase.url);
  await rawSql(
    testDatabase.database,
    `create function wait_at_commit() returns trigger language plpgsql as
     $$ begin perform pg_advisory_xact_lock(${GATE}); return null; end $$`,
  );
  await rawSql(
    testDatabase.database,
    `create constraint trigger wait_at_commit after insert on dataset deferrable initially deferred
     for each row execute function wait_at_commit()`,
  );
  let tries = 0;
  const lost = assert.rejects(
    database.transaction(async ({ prisma }) => {
      tries += 1;
      await prisma.dataset.create({ data: { id: `ds_${tries}`, name: `flowers-${tries}` } });
    }),
    mayBeSaved,
  );
  await gate.isWaitedFor();
  link.become("cut");
  await lost;
  await gate.open();
  link.become("open");
  assert.equal(tries, 1);
});

test("of two transactions in a deadlock, the one that is rolled back runs again", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await addTwo(database);
  let tries = 0;
  const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const change = (first: string, second: string, [mine, other]: readonly PromiseWithResolvers<void>[]) =>
    database.transaction(async ({ prisma, kysely }) => {
      tries += 1;
      await prisma.dataset.update({ where: { id: first }, data: { description: `first of ${first}` } });
      mine?.resolve();
      await other?.promise;
      await kysely
        .updateTable("dataset")
        .set({ description: `last by ${first}` })
        .where("id", "=", second)
        .execute();
    });
  const [one, other] = started;
  await Promise.all([change("ds_1", "ds_2", [one, other]), change("ds_2", "ds_1", [other, one])]);
  assert.equal(tries, 3);
});

test("a single statement that a deadlock rolled back is repeated", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await addTwo(database);
  const rival = await connect(testDatabase.url);
  try {
    await rival.query("begin");
    await rival.query("update dataset set description = 'rival' where id = 'ds_2'");
    // Waits first, so PostgreSQL rolls it back and not the rival.
    const updated = Promise.all([database.prisma.dataset.updateMany({ data: { description: "ours" } })]);
    await using observer = await openGate(testDatabase.url);
    await observer.isWaitedFor();
    await rival.query("set local deadlock_timeout = '1min'");
    await rival.query("update dataset set description = 'rival' where id = 'ds_1'");
    await rival.query("commit");
    assert.deepEqual(await updated, [{ count: 2 }]);
  } finally {
    await rival.end();
  }
  const descriptions = await database.prisma.dataset.findMany({ select: { description: true } });
  assert.deepEqual(descriptions, [{ description: "ours" }, { description: "ours" }]);
});

test("a transaction runs again after a serialization failure", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await addTwo(database);
  let tries = 0;
  await database.transaction(async ({ prisma, kysely }) => {
    tries += 1;
    await sql`set transaction isolation level repeatable read`.execute(kysely);
    await prisma.dataset.count();
    if (tries === 1) await database.prisma.dataset.updateMany({ data: { description: "in between" } });
    await prisma.dataset.updateMany({ data: { description: `after ${tries}` } });
  });
  assert.equal(tries, 2);
});

test("conflicts that do not end are reported with a code of their own", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await Database.open(testDatabase.url, testLog, 100);
  await assert.rejects(
    database.transaction(async ({ kysely }) => {
      await rawSql({ kysely }, "do $$ begin raise serialization_failure using message = 'again'; end $$");
    }),
    (error) => hasCode(error, "DATABASE_CONFLICT") && error.message.includes("again"),
  );
});

test("changes wait while the server is read-only, reads do not, and a lasting failover has a code of its own", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await using impatient = await Database.open(testDatabase.url, testLog, 0);
  await becomeReadOnly(testDatabase.url, true);
  await assert.rejects(database.checkReady(), isReadOnly);
  await assert.rejects(
    impatient.prisma.dataset.create({ data: { id: "ds_0", name: "refused" } }),
    isReadOnly,
  );
  await assert.rejects(
    impatient.kysely.insertInto("dataset").values({ id: "ds_0", name: "refused" }).execute(),
    isReadOnly,
  );
  await assert.rejects(
    impatient.transaction(({ prisma }) => prisma.dataset.create({ data: { id: "ds_0", name: "refused" } })),
    isReadOnly,
  );
  assert.equal(await impatient.prisma.dataset.count(), 0);
  const waiting = Promise.all([
    database.prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } }),
    database.kysely.insertInto("dataset").values({ id: "ds_2", name: "leaves" }).execute(),
    database.transaction(({ prisma }) => prisma.dataset.create({ data: { id: "ds_3", name: "fruits" } })),
  ]);
  await becomeReadOnly(testDatabase.url, false);
  await waiting;
  assert.equal(await database.prisma.dataset.count(), 3);
  await database.checkReady();
});

test("a process that ends waits for no database", async () => {
  await using testDatabase = await createTestDatabase();
  await using link = await DatabaseLink.open(testDatabase.url);
  await using database = await Database.open(link.url, testLog, 600_000);
  link.become("cut");
  const read = assert.rejects(database.prisma.dataset.count(), isUnreachable);
  await link.tried;
  database.hurry();
  await read;
  await assert.rejects(database.prisma.dataset.count(), isUnreachable);
});

const GATE = 815;

/** A lock that transactions can wait for. */
async function openGate(url: string) {
  const client = await connect(url);
  await client.query("select pg_advisory_lock($1)", [GATE]);
  return {
    isWaitedFor: () => untilOneWaits(client),
    open: () => client.query("select pg_advisory_unlock($1)", [GATE]),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Resolves when a transaction of the database waits for a lock. The client must be outside of transactions. */
async function untilOneWaits(client: pg.Client): Promise<void> {
  const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await client.query(waits)).rowCount === 0);
}

async function addTwo(database: Database): Promise<void> {
  await database.prisma.dataset.createMany({
    data: [
      { id: "ds_1", name: "flowers" },
      { id: "ds_2", name: "leaves" },
    ],
  });
}

function mayBeSaved(error: unknown): boolean {
  return hasCode(error, "DATABASE_UNREACHABLE") && error.message.includes("may have been saved");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { AppError } from "../../../src/core/app-error.js";
import type { Connection } from "../../../src/db/connection.js";
import { Database } from "../../../src/db/database.js";
import { violatedUnique } from "../../../src/db/driver-error.js";
import { temporaryFailureOf } from "../../../src/db/trouble/temporary-failure.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { DatabaseLink } from "../../testkit/postgres/database-link.js";

/** A database that waits for nothing. */
const IMPATIENT_MS = 0;

test("a transaction that throws rolls back the writes of Prisma and Kysely", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await assert.rejects(
    database.transaction(async ({ prisma, kysely }) => {
      await prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } });
      await kysely.insertInto("dataset").values({ id: "ds_2", name: "leaves" }).execute();
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  assert.equal(await database.prisma.dataset.count(), 0);
});

test("Prisma and Kysely see each other's writes in a transaction, and nobody else does before it commits", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const returned = await database.transaction(async ({ prisma, kysely }) => {
    await kysely.insertInto("dataset").values({ id: "ds_1", name: "flowers" }).execute();
    const dataset = await prisma.dataset.update({
      where: { name: "flowers" },
      data: { description: "tulips" },
    });
    assert.equal(dataset.id, "ds_1");
    const rows = await kysely.selectFrom("dataset").select(["id", "description"]).execute();
    assert.deepEqual(rows, [{ id: "ds_1", description: "tulips" }]);
    assert.equal(await database.prisma.dataset.count(), 0);
    return "returned";
  });
  assert.equal(returned, "returned");
  assert.equal(await database.prisma.dataset.count(), 1);
});

test("each of ten concurrent transactions keeps Prisma and Kysely on one connection", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      database.transaction(async ({ prisma, kysely }) => {
        await prisma.dataset.create({ data: { id: `ds_${index}`, name: `set-${index}` } });
        const rows = await kysely
          .selectFrom("dataset")
          .select("id")
          .where("id", "=", `ds_${index}`)
          .execute();
        assert.equal(rows.length, 1);
        await database.prisma.dataset.findMany({ where: { id: `ds_${index}` } });
      }),
    ),
  );
  assert.equal(await database.prisma.dataset.count(), 10);
});

test("a transaction of Prisma's own inside a transaction's work runs on another connection", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await assert.rejects(
    database.transaction(async () => {
      await database.prisma.$transaction((prisma) =>
        prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } }),
      );
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  assert.equal(await database.prisma.dataset.count(), 1);
});

test("work that goes on after a failed statement does not count as committed", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await assert.rejects(
    database.transaction(async ({ prisma }) => {
      await prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } });
      await prisma.dataset.create({ data: { id: "ds_2", name: "flowers" } }).catch(() => {});
    }),
    /rolled back: one of its statements failed/,
  );
  assert.equal(await database.prisma.dataset.count(), 0);
});

test("a transaction refuses queries once it is over", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const { prisma, kysely } = await database.transaction(async (transaction) => transaction);
  await assert.rejects(prisma.dataset.count(), /already closed/);
  await assert.rejects(kysely.selectFrom("dataset").select("id").execute(), /transaction is over/);
});

test("Prisma and Kysely name a violated unique constraint in the same way", async () => {
  await using testDatabase = await createTestDatabase();
  const { prisma, kysely } = testDatabase.database;
  await prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } });
  const isNameTaken = (error: unknown): boolean => violatedUnique(error) === "dataset_name_key";
  await assert.rejects(prisma.dataset.create({ data: { id: "ds_2", name: "flowers" } }), isNameTaken);
  const insert = kysely.insertInto("dataset").values({ id: "ds_2", name: "flowers" });
  await assert.rejects(insert.execute(), isNameTaken);
  assert.equal(violatedUnique(new Error("another")), null);
});

test("the compiler refuses columns that the schema does not have", async () => {
  await using testDatabase = await createTestDatabase();
  const { prisma, kysely } = testDatabase.database;
  const unknown = { nme: "flowers" };
  // @ts-expect-error in `where`
  await assert.rejects(prisma.dataset.findMany({ where: { id: "ds_1", nme: "flowers" } }));
  // @ts-expect-error in `select`
  await assert.rejects(prisma.dataset.findMany({ select: { id: true, nme: true } }));
  // @ts-expect-error in a spread
  await assert.rejects(prisma.dataset.create({ data: { id: "ds_1", name: "flowers", ...unknown } }));
  // @ts-expect-error in `data`
  await assert.rejects(prisma.dataset.updateMany({ data: { description: "", nme: "flowers" } }));
  const versions = { select: { id: true, nme: true } };
  // @ts-expect-error of a relation
  await assert.rejects(prisma.dataset.findMany({ select: { versions } }));
  // @ts-expect-error in a condition
  await assert.rejects(kysely.selectFrom("dataset").select("id").where("nme", "=", "flowers").execute());
});

test("int8 columns are numbers in Kysely, and too large ones are refused", async () => {
  await using testDatabase = await createTestDatabase();
  const { kysely } = testDatabase.database;
  const read = (value: string) => sql<{ value: unknown }>`select ${value}::int8 as value`.execute(kysely);
  assert.deepEqual((await read("9007199254740991")).rows, [{ value: Number.MAX_SAFE_INTEGER }]);
  await assert.rejects(read("9007199254740992"), RangeError);
});

test("a connection lost inside a transaction does not come back to the pool", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await Database.open(testDatabase.url, testLog, IMPATIENT_MS);
  for (const query of [terminate, countAfterLoss]) {
    await assert.rejects(database.transaction(query), isUnreachable);
    assert.equal(await database.prisma.dataset.count(), 0);
  }
});

async function terminate({ kysely }: Connection): Promise<void> {
  await sql`select pg_terminate_backend(pg_backend_pid())`.execute(kysely);
}

async function countAfterLoss(connection: Connection): Promise<void> {
  await terminate(connection).catch(() => {});
  await connection.prisma.dataset.count();
}

function isUnreachable(error: unknown): boolean {
  return error instanceof AppError && error.code === "DATABASE_UNREACHABLE";
}

test("a connection that is lost while no query runs on it fails the next query, and nothing else", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const { kysely } = database;
  await using session = await database.session();
  const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(session.kysely);
  const [{ pid } = { pid: 0 }] = rows;
  await sql`SELECT pg_terminate_backend(${pid})`.execute(kysely);
  const isThere = sql<{ there: boolean }>`
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${pid}) AS there`;
  while ((await isThere.execute(kysely)).rows[0]?.there);
  await assert.rejects(
    sql`SELECT 1`.execute(session.kysely),
    (error) => temporaryFailureOf(error) === "UNREACHABLE",
  );
});

test("a lost connection is distinguished from a failed statement, also outside of transactions", async () => {
  await using testDatabase = await createTestDatabase();
  await using link = await DatabaseLink.open(testDatabase.url);
  await using database = await Database.open(link.url, testLog, IMPATIENT_MS);
  assert.equal(await database.prisma.dataset.count(), 0);
  link.become("cut");
  // The first query uses the broken connection of the pool, and the next ones cannot open a new one.
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(database.prisma.dataset.count(), isUnreachable);
    await assert.rejects(database.kysely.selectFrom("dataset").select("id").execute(), isUnreachable);
    await assert.rejects(
      database.transaction(({ prisma }) => prisma.dataset.count()),
      isUnreachable,
    );
  }
  link.become("open");
  assert.equal(await database.prisma.dataset.count(), 0);
  await assert.rejects(
    sql`select 1 / 0`.execute(database.kysely),
    (error) => error instanceof Error && !isUnreachable(error),
  );
  await assert.rejects(
    database.prisma.dataset.findUniqueOrThrow({ where: { id: "ds_1" } }),
    (error) => error instanceof Error && !isUnreachable(error),
  );
});

test("a session keeps its lock across transactions, and a discarded one releases it", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const lock = async ({ kysely }: Pick<Connection, "kysely">): Promise<unknown> => {
    const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_lock(42) as taken`.execute(kysely);
    return rows[0]?.taken;
  };
  await using other = await database.session();
  {
    await using session = await database.session();
    assert.equal(await lock(session), true);
    await session.transaction(({ prisma }) =>
      prisma.dataset.create({ data: { id: "ds_1", name: "flowers" } }),
    );
    assert.equal(await lock(other), false);
    session.discard();
  }
  await sql`select pg_advisory_lock(42)`.execute(other.kysely);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestDatabase } from "../../testkit/database.js";

test("a transaction that throws keeps nothing", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await assert.rejects(
    database.transaction(async (client) => {
      await client.query("INSERT INTO dataset (id, name) VALUES ('ds_1', 'flowers')");
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  assert.equal(await database.prisma.dataset.count(), 0);
});

test("a transaction gives back what it returns and is kept", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const name = await database.transaction(async (client) => {
    await client.query("INSERT INTO dataset (id, name) VALUES ('ds_1', 'flowers')");
    return "flowers";
  });
  assert.equal((await database.prisma.dataset.findUniqueOrThrow({ where: { name } })).id, "ds_1");
});

test("a connection lost inside a transaction does not come back to the pool", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await assert.rejects(
    database.transaction(async (client) => {
      await client.query("SELECT pg_terminate_backend(pg_backend_pid())");
    }),
  );
  const { rows } = await database.pool.query<{ one: number }>("SELECT 1 AS one");
  assert.equal(rows[0]?.one, 1);
});

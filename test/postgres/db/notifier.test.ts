import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseTarget } from "../../../src/db/connecting/database-target.js";
import { Notifier } from "../../../src/db/notifier.js";
import { Doorbell } from "../../../src/lang/doorbell.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { DatabaseLink } from "../../testkit/postgres/database-link.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";

test("a ring wakes the subscribers of its key and no others", async () => {
  await using testDatabase = await createTestDatabase();
  const { notifier } = testDatabase.database;
  const woken: string[] = [];
  const bell = new Doorbell();
  notifier.on("run:1", () => woken.push("run:1"));
  notifier.on("run:2", bell.ring);
  await notifier.notify("run:1");
  await notifier.notify("run:2");
  await bell.wait();
  assert.deepEqual(woken, ["run:1"]);
});

test("a ring inside a transaction arrives when it commits, and never when it rolls back", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const woken: string[] = [];
  const bell = new Doorbell();
  for (const key of ["kept", "dropped"]) database.notifier.on(key, () => woken.push(key));
  database.notifier.on("last", bell.ring);
  await assert.rejects(
    database.transaction(async (client) => {
      await database.notifier.notify("dropped", client);
      throw new Error("no");
    }),
  );
  await database.transaction(async (client) => {
    await database.notifier.notify("kept", client);
    assert.deepEqual(woken, []);
  });
  await database.notifier.notify("last");
  await bell.wait();
  assert.deepEqual(woken, ["kept"]);
});

test("unsubscribing stops one subscription of a function and leaves the others", async () => {
  await using testDatabase = await createTestDatabase();
  const { notifier } = testDatabase.database;
  let first = 0;
  const bell = new Doorbell();
  const wake = (): void => {
    first++;
  };
  const unsubscribe = notifier.on("key", wake);
  notifier.on("key", wake);
  notifier.on("key", bell.ring);
  unsubscribe();
  unsubscribe();
  await notifier.notify("key");
  await bell.wait();
  assert.equal(first, 1);
});

test("all subscribers are woken after a lost connection, and rings arrive again", async () => {
  await using testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const bell = new Doorbell();
  database.notifier.on("key", bell.ring);
  for (let round = 0; round < 3; round++) {
    const { rows } = await rawSql(
      database,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'espalier-notifier' AND datname = current_database()`,
    );
    assert.equal(rows.length, 1);
    await bell.wait();
    await database.notifier.notify("key");
    await bell.wait();
  }
});

test("a connection lost without a sign is noticed, and all subscribers are woken after reconnecting", async () => {
  await using testDatabase = await createTestDatabase();
  const { kysely } = testDatabase.database;
  await using link = await DatabaseLink.open(testDatabase.url);
  const timing = { checkMs: 20, answerMs: 200 };
  await using notifier = await Notifier.start(await DatabaseTarget.of(link.url), kysely, testLog, timing);
  const bell = new Doorbell();
  notifier.on("key", bell.ring);
  link.become("silent");
  await notifier.notify("key");
  link.become("open");
  await bell.wait();
  await notifier.notify("key");
  await bell.wait();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf } from "../../../src/db/any-of.js";
import { prepared } from "../../../src/db/prepared.js";
import { resultColumns } from "../../../src/db/result-columns.js";
import { createTestDatabase } from "../../testkit/postgres/database.js";

interface Wanted {
  readonly names: readonly string[];
  readonly after: Date;
}

test("a prepared statement is built once and runs with the values of each call", async () => {
  await using world = await createTestDatabase();
  const { prisma, kysely } = world.database;
  const early = new Date("2020-01-01T00:00:00Z");
  for (const name of ["roses", "tulips"]) {
    await prisma.dataset.create({ data: { id: `ds_${name}`, name } });
  }
  let built = 0;
  const find = prepared((db, { names, after }: Wanted) => {
    built++;
    return db
      .selectFrom("dataset")
      .select(resultColumns("dataset", ["id", "createdAt"]))
      .where("name", "=", anyOf(names))
      .where("createdAt", ">", after)
      .where("id", "like", "ds_%")
      .orderBy("id");
  });
  const idsOf = async (wanted: Wanted) => (await find(kysely, wanted)).map(({ id }) => id);

  assert.deepEqual(await idsOf({ names: ["roses"], after: early }), ["ds_roses"]);
  assert.deepEqual(await idsOf({ names: ["tulips", "roses"], after: early }), ["ds_roses", "ds_tulips"]);
  assert.deepEqual(await idsOf({ names: [], after: early }), []);
  assert.deepEqual(await idsOf({ names: ["roses"], after: new Date("2999-01-01T00:00:00Z") }), []);
  assert.equal(built, 1);

  const [row] = await find(kysely, { names: ["roses"], after: early });
  assert.deepEqual(Object.keys(row ?? {}), ["id", "createdAt"]);
  assert.ok(row?.createdAt instanceof Date);
});

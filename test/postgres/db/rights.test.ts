import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { Database } from "../../../src/db/database.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { authorMigration } from "../../../src/db/migrations/migration-drift.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";

/** A database, and a role that has only the rights that everyone has. Disposing removes both. */
async function createRole() {
  const empty = await createEmptyDatabase();
  const admin = new pg.Client({ connectionString: empty.url });
  await admin.connect();
  const role = `guest_${randomBytes(6).toString("hex")}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'sesame'`);
  const url = new URL(empty.url);
  const database = url.pathname.slice(1);
  url.username = role;
  url.password = "sesame";
  return {
    admin,
    role,
    database,
    ownerUrl: empty.url,
    url: url.href,
    async [Symbol.asyncDispose]() {
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
      await empty[Symbol.asyncDispose]();
    },
  };
}

/** The one sentence in which the database is refused. */
async function refusal(work: Promise<unknown>, code = "DATABASE_REFUSED"): Promise<string> {
  const error = await work.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError && error.code === code, String(error));
  assert.doesNotMatch(error.message, /[.!?] [A-Z]|sesame|\.\./);
  return error.message;
}

describe("a role without a right is told in one sentence what to grant:", () => {
  test("tables in the schema public", async () => {
    await using guest = await createRole();
    const { admin, role, database } = guest;
    const message = await refusal(applyMigrations(guest.url, testLog));
    assert.match(message, new RegExp(`database ${database}, refuses the role "${role}"`));
    assert.match(message, /it may not create tables in the schema "public"/);
    const [grant = ""] = /GRANT USAGE, CREATE ON SCHEMA "public" TO "guest_\w+"/.exec(message) ?? [];
    await admin.query(grant);
    assert.notDeepEqual(await applyMigrations(guest.url, testLog), []);
  });

  test("a schema that does not exist", async () => {
    await using guest = await createRole();
    const message = await refusal(applyMigrations(`${guest.url}?schema=Own`, testLog));
    assert.match(message, /the schema "Own" does not exist, and it may not create schemas in this database/);
    const [create = ""] = /CREATE SCHEMA "Own" AUTHORIZATION "guest_\w+"/.exec(message) ?? [];
    await guest.admin.query(create);
    assert.notDeepEqual(await applyMigrations(`${guest.url}?schema=Own`, testLog), []);
  });

  test("the database, to create a schema", async () => {
    await using guest = await createRole();
    const message = await refusal(applyMigrations(`${guest.url}?schema=own`, testLog));
    const [grant = ""] = /GRANT CREATE ON DATABASE "\w+" TO "guest_\w+"/.exec(message) ?? [];
    await guest.admin.query(grant);
    assert.notDeepEqual(await applyMigrations(`${guest.url}?schema=own`, testLog), []);
  });

  test("the tables of another owner, whatever the server's language", async () => {
    await using guest = await createRole();
    const { admin, role } = guest;
    await applyMigrations(guest.ownerUrl, testLog);
    assert.match(
      await refusal(applyMigrations(guest.url, testLog)),
      /permission denied for table _prisma_migrations; connect as the owner of the tables/,
    );
    await admin.query(`GRANT SELECT ON _prisma_migrations TO ${role}`);
    await applyMigrations(guest.url, testLog);
    await using database = await Database.open(guest.url, testLog);
    for (const read of [
      () => database.prisma.run.count(),
      () => database.kysely.selectFrom("run").select("id").execute(),
      () => database.transaction(({ prisma }) => prisma.run.count()),
      () => database.transaction(({ kysely }) => kysely.selectFrom("run").select("id").execute()),
    ]) {
      const message = await refusal(read());
      assert.match(message, new RegExp(`GRANT ALL ON ALL TABLES IN SCHEMA "public" TO "${role}"`));
    }
  });

  test("a schema that it may not use", async () => {
    await using guest = await createRole();
    await applyMigrations(`${guest.ownerUrl}?schema=closed`, testLog);
    const message = await refusal(applyMigrations(`${guest.url}?schema=closed`, testLog));
    assert.match(message, /it may not use the schema "closed"; run GRANT USAGE, CREATE ON SCHEMA "closed"/);
  });

  test("the database itself", async () => {
    await using guest = await createRole();
    const { admin, database, role } = guest;
    await admin.query(`REVOKE CONNECT ON DATABASE ${database} FROM public`);
    const message = await refusal(applyMigrations(guest.url, testLog));
    assert.match(message, new RegExp(`run GRANT CONNECT ON DATABASE "${database}" TO "${role}"`));
  });

  test("a scratch database for a new migration", async () => {
    await using guest = await createRole();
    const message = await refusal(authorMigration("anything", guest.url, testLog));
    assert.match(message, /it may not create a scratch database; run ALTER ROLE "guest_\w+" CREATEDB/);
  });
});

/** It adds columns to a table, which only the owner may do. */
const ALTERING_MIGRATION = "20261130165451_prune_channels";

test("a migration that PostgreSQL forbids says who must own the tables", async () => {
  await using guest = await createRole();
  await applyMigrations(guest.ownerUrl, testLog);
  await guest.admin.query(
    `GRANT CREATE ON SCHEMA public TO ${guest.role};
     GRANT ALL ON ALL TABLES IN SCHEMA public TO ${guest.role};
     DELETE FROM _prisma_migrations WHERE migration_name >= '${ALTERING_MIGRATION}'`,
  );
  assert.match(await refusal(applyMigrations(guest.url, testLog)), /connect as the owner of the tables/);
});

import assert from "node:assert/strict";
import { appendFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { AppError } from "../../../src/core/app-error.js";
import { applyMigrations, migrationsFolder } from "../../../src/db/migrations/apply-migrations.js";
import { authorMigration, migrationDrift } from "../../../src/db/migrations/migration-drift.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function writeMigration(folder: string, name: string, sql: string): Promise<void> {
  await mkdir(path.join(folder, name), { recursive: true });
  await writeFile(path.join(folder, name, "migration.sql"), sql);
}

const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

describe("migrations", () => {
  test("create the tables of the schema, and are applied once", async () => {
    await using empty = await createEmptyDatabase();
    const first = await applyMigrations(empty.url, testLog);
    assert.ok(first.length > 0);
    assert.deepEqual(await applyMigrations(empty.url, testLog), []);
    assert.equal(
      await migrationDrift(empty.url, testLog),
      null,
      "the schema has changes without a migration",
    );
  });

  test("are applied once when many processes start at the same time", async () => {
    await using empty = await createEmptyDatabase();
    const all = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(empty.url, testLog)));
    assert.equal(all.filter((applied) => applied.length > 0).length, 1);
  });

  test("write the rows that `prisma migrate` reads", async () => {
    await using empty = await createEmptyDatabase();
    const names = await applyMigrations(empty.url, testLog);
    const rows = await query<Record<string, unknown>>(
      empty.url,
      "SELECT migration_name, length(checksum) AS digits, finished_at IS NOT NULL AS finished, applied_steps_count FROM _prisma_migrations ORDER BY 1",
    );
    const row = (name: string) => ({
      migration_name: name,
      digits: 64,
      finished: true,
      applied_steps_count: 1,
    });
    assert.deepEqual(rows, names.map(row));
  });

  test("a failed migration is rolled back, those before it stay, and it can be fixed", async () => {
    await using empty = await createEmptyDatabase();
    await using temporary = await temporaryFolder();
    await writeMigration(temporary.folder, "1_good", "CREATE TABLE good (id int);");
    await writeMigration(
      temporary.folder,
      "2_bad",
      "CREATE TABLE half (id int); INSERT INTO missing VALUES (';'); SELECT 1;",
    );
    await assert.rejects(applyMigrations(empty.url, testLog, temporary.folder), hasCode("MIGRATION_FAILED"));
    const tables = await query(
      empty.url,
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    );
    assert.deepEqual(tables, [{ name: "_prisma_migrations" }, { name: "good" }]);
    await writeMigration(temporary.folder, "2_bad", "CREATE TABLE half (id int);");
    assert.deepEqual(await applyMigrations(empty.url, testLog, temporary.folder), ["2_bad"]);
  });

  test("a migration that was edited after it was applied is refused", async () => {
    await using empty = await createEmptyDatabase();
    await using temporary = await temporaryFolder();
    await writeMigration(temporary.folder, "1_good", "CREATE TABLE good (id int);");
    await applyMigrations(empty.url, testLog, temporary.folder);
    await appendFile(path.join(temporary.folder, "1_good", "migration.sql"), "-- one more thought\n");
    await assert.rejects(applyMigrations(empty.url, testLog, temporary.folder), hasCode("MIGRATION_EDITED"));
  });

  test("a database with migrations that the code lacks is refused", async () => {
    await using empty = await createEmptyDatabase();
    await using temporary = await temporaryFolder();
    await writeMigration(temporary.folder, "1_good", "CREATE TABLE good (id int);");
    await writeMigration(temporary.folder, "2_newer", "CREATE TABLE newer (id int);");
    await applyMigrations(empty.url, testLog, temporary.folder);
    await rm(path.join(temporary.folder, "2_newer"), { recursive: true });
    await assert.rejects(applyMigrations(empty.url, testLog, temporary.folder), hasCode("DATABASE_TOO_NEW"));
  });

  test("the error for an unreachable server names it without its password", async () => {
    await assert.rejects(applyMigrations("postgresql://me:secret@127.0.0.1:1/nothing", testLog), (error) => {
      assert.ok(hasCode("DATABASE_UNREACHABLE")(error));
      assert.match(String(error), /127\.0\.0\.1:1/);
      assert.doesNotMatch(String(error), /secret/);
      return true;
    });
  });
});

describe("a change of the schema", () => {
  const SCHEMA = `
generator client {
  provider = "prisma-client"
  output   = "./generated"
}

datasource db {
  provider = "postgresql"
}

model Pot {
  id String @id
}
`;

  test("becomes the next migration, after which schema and migrations agree", async () => {
    await using empty = await createEmptyDatabase();
    await using temporary = await temporaryFolder();
    const files = {
      schemaFile: path.join(temporary.folder, "schema.prisma"),
      migrationsFolder: path.join(temporary.folder, "migrations"),
    };
    await writeFile(files.schemaFile, SCHEMA);
    const first = await authorMigration("create_pot", empty.url, testLog, files);
    assert.match(path.basename(first ?? ""), /^\d{14}_create_pot$/);
    assert.equal(await authorMigration("nothing_new", empty.url, testLog, files), null);

    await writeFile(
      files.schemaFile,
      SCHEMA.replace("@id\n", `@id\n  label String @default("")\n\n  @@index([label])\n`),
    );
    const drift = await migrationDrift(empty.url, testLog, files);
    assert.match(drift ?? "", /ALTER TABLE "Pot" ADD COLUMN\s+"label"/);
    assert.match(drift ?? "", /CREATE INDEX/);
    const left = await query(empty.url, "SELECT 1 FROM pg_database WHERE datname LIKE 'espalier_scratch_%'");
    assert.deepEqual(left, [], "the scratch database is gone");
  });

  test("needs an intent that can be the name of a folder", async () => {
    await assert.rejects(
      authorMigration("../x", "postgresql://unused", testLog),
      hasCode("MIGRATION_INTENT_INVALID"),
    );
  });

  test("is found when a migration written by hand contradicts the schema", async () => {
    await using empty = await createEmptyDatabase();
    await using temporary = await temporaryFolder();
    const migrations = path.join(temporary.folder, "migrations");
    await cp(migrationsFolder(), migrations, { recursive: true });
    await writeMigration(migrations, "99990101000000_drop", "ALTER TABLE upload DROP COLUMN sha256;");
    const drift = await migrationDrift(empty.url, testLog, {
      schemaFile: path.join(migrationsFolder(), "..", "schema.prisma"),
      migrationsFolder: migrations,
    });
    assert.match(drift ?? "", /ADD COLUMN\s+"sha256"/);
  });
});

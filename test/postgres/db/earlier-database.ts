import { cp, mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { applyMigrations, migrationsFolder } from "../../../src/db/migrations/apply-migrations.js";
import { createEmptyDatabase, testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/**
 * A database as it was before a migration, filled with rows of that time. The caller brings it up to date.
 *
 * @param rows SQL that inserts them
 */
export async function createEarlierDatabase(beforeMigration: string, rows: string) {
  const database = await createEmptyDatabase();
  await using temporary = await temporaryFolder();
  const earlier = path.join(temporary.folder, "migrations");
  await mkdir(earlier);
  for (const name of await readdir(migrationsFolder())) {
    if (name >= beforeMigration) continue;
    await cp(path.join(migrationsFolder(), name), path.join(earlier, name), { recursive: true });
  }
  await applyMigrations(database.url, testLog, earlier);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(rows);
  await client.end();
  return database;
}

import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { AppError } from "../../core/app-error.js";
import { projectRoot } from "../../lang/project-root.js";
import type { Log } from "../../telemetry/log.js";
import { DatabaseTarget } from "../connecting/database-target.js";
import { refusedError, startError } from "../trouble/database-error.js";
import { isForbidden, lacksRight } from "../trouble/refusal.js";
import { applyMigrations, migrationsFolder } from "./apply-migrations.js";
import { sqlFromDatabaseToSchema } from "./schema-engine.js";

/** Paths of the schema and its migrations. */
export interface MigrationFiles {
  readonly schemaFile: string;
  readonly migrationsFolder: string;
}

function projectMigrationFiles(): MigrationFiles {
  return {
    schemaFile: path.join(projectRoot(), "prisma", "schema.prisma"),
    migrationsFolder: migrationsFolder(),
  };
}

/**
 * Returns the SQL that would bring the migrations up to `prisma/schema.prisma`; null when they agree. The migrations
 * are applied to a scratch database of the server at `url`, and that database is compared with the schema.
 */
export async function migrationDrift(
  url: string,
  log: Log,
  files: MigrationFiles = projectMigrationFiles(),
): Promise<string | null> {
  const schema = await readFile(files.schemaFile, "utf8");
  await mkdir(files.migrationsFolder, { recursive: true });
  return withScratchDatabase(url, async (scratch) => {
    await applyMigrations(scratch, log, files.migrationsFolder);
    return sqlFromDatabaseToSchema(scratch, schema);
  });
}

/**
 * Writes the next migration, with the SQL that {@link migrationDrift} finds.
 *
 * @param intent a description in snake case, which ends the name of its folder
 * @returns the folder of the migration, or null when there is nothing to migrate
 * @throws AppError `MIGRATION_INTENT_INVALID`
 */
export async function authorMigration(
  intent: string,
  url: string,
  log: Log,
  files: MigrationFiles = projectMigrationFiles(),
): Promise<string | null> {
  if (!/^[a-z][a-z0-9_]{0,60}$/.test(intent)) {
    throw new AppError(
      "MIGRATION_INTENT_INVALID",
      `A migration's intent must be in snake case, such as add_run_priority. Received ${JSON.stringify(intent)}.`,
    );
  }
  const sql = await migrationDrift(url, log, files);
  if (sql === null) return null;
  const time = new Date().toISOString().replace(/\D/g, "").slice(0, "yyyymmddhhmmss".length);
  const folder = path.join(files.migrationsFolder, `${time}_${intent}`);
  await mkdir(folder);
  await writeFile(path.join(folder, "migration.sql"), sql);
  // `prisma migrate` refuses a folder without the name of its provider.
  await writeFile(path.join(files.migrationsFolder, "migration_lock.toml"), 'provider = "postgresql"\n');
  return folder;
}

async function withScratchDatabase<T>(
  url: string,
  work: (scratch: DatabaseTarget) => Promise<T>,
): Promise<T> {
  const name = `espalier_scratch_${randomBytes(6).toString("hex")}`;
  const target = await DatabaseTarget.of(url);
  const client = await target.connect("-scratch").catch((cause: unknown) => {
    throw startError(target, cause);
  });
  try {
    await createScratch(client, target, name);
    try {
      return await work(target.withDatabase(name));
    } finally {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
}

async function createScratch(client: pg.Client, target: DatabaseTarget, name: string): Promise<void> {
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  } catch (cause) {
    if (!isForbidden(cause)) throw refusedError(target, cause);
    const remedy = `run ALTER ROLE ${pg.escapeIdentifier(target.role)} CREATEDB`;
    throw lacksRight(target, { problem: "it may not create a scratch database", remedy, cause });
  }
}

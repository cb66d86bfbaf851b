import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import { projectRoot } from "../../lang/project-root.js";
import { messageOf } from "../../lang/text/message-of.js";
import type { Log } from "../../telemetry/log.js";
import { DatabaseTarget } from "../connecting/database-target.js";
import { checkSessionsAreKept } from "../connecting/pooler.js";
import { refusedError, startError } from "../trouble/database-error.js";
import { isForbidden } from "../trouble/refusal.js";
import { temporaryFailureOf } from "../trouble/temporary-failure.js";
import { RoleRights } from "./role-rights.js";
import { checkSchemaOwner, MIGRATIONS_TABLE } from "./schema-owner.js";

/** The advisory lock that Prisma Migrate takes, so that the two never migrate at the same time. */
const PRISMA_MIGRATE_LOCK = 72_707_369;

/** The table of Prisma Migrate, column for column, so that `prisma migrate` can be used on the same database. */
const CREATE_MIGRATIONS_TABLE = `
  CREATE TABLE ${MIGRATIONS_TABLE} (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

interface Migration {
  /** `<time>_<intent>`, the name of its folder. Migrations are applied in the order of their names. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file. Prisma Migrate compares it too. */
  readonly checksum: string;
}

export function migrationsFolder(): string {
  return path.join(projectRoot(), "prisma", "migrations");
}

/**
 * Applies the pending migrations, each in its own transaction. Processes that start at the same time wait for each
 * other.
 *
 * @param database its URL, in a form of `databaseUrlOf`, or its target
 * @returns the names of the migrations that were applied, in order
 * @throws AppError `MIGRATION_EDITED` when a file changed after it was applied, `DATABASE_TOO_NEW` when the database
 *   has migrations that this version lacks, `DATABASE_FOREIGN` when another application uses its schema,
 *   `DATABASE_POOLED` behind a pooler in transaction mode, `MIGRATION_FAILED` when a migration fails, which is then
 *   rolled back, `DATABASE_REFUSED` when the role lacks a right, `DATABASE_URL_INVALID`, `DATABASE_UNREACHABLE`,
 *   `DATABASE_READ_ONLY`
 */
export async function applyMigrations(
  database: string | DatabaseTarget,
  log: Log,
  folder: string = migrationsFolder(),
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const target = typeof database === "string" ? await DatabaseTarget.of(database) : database;
  const client = await connect(target).catch((cause: unknown) => {
    throw startError(target, cause);
  });
  try {
    await client.query("SELECT pg_advisory_lock($1)", [PRISMA_MIGRATE_LOCK]);
    const names = migrations.map(({ name }) => name);
    const rights = await RoleRights.read(client, target);
    rights.checkAccess();
    const { exists, hasMigrationsTable } = await checkSchemaOwner(client, target, names);
    if (!exists) await client.query(`CREATE SCHEMA ${pg.escapeIdentifier(target.schema)}`);
    if (!hasMigrationsTable) {
      rights.checkCreation();
      await client.query(CREATE_MIGRATIONS_TABLE);
    }
    const pending = pendingMigrations(migrations, await readApplied(client));
    if (pending.length > 0) rights.checkCreation();
    for (const migration of pending) {
      await applyOne(client, migration);
      log.info("applied migration", { migration: migration.name });
    }
    return pending.map(({ name }) => name);
  } catch (error) {
    throw refusedError(target, error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Every start of the product begins here, so it finds a pooler that it cannot use. */
async function connect(target: DatabaseTarget): Promise<pg.Client> {
  await checkSessionsAreKept(target);
  return target.connect("-migrations");
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(folder, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

/** Rows of Prisma Migrate's table, which the schema does not have. */
const APPLIED = z.array(z.object({ name: z.string(), checksum: z.string() }));

async function readApplied(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query(
    `SELECT migration_name AS name, checksum FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  return new Map(APPLIED.parse(rows).map(({ name, checksum }) => [name, checksum]));
}

function pendingMigrations(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): Migration[] {
  for (const { name, checksum } of migrations) {
    const known = applied.get(name);
    if (known !== undefined && known !== checksum) {
      throw new AppError(
        "MIGRATION_EDITED",
        `Migration ${name} was edited after it was applied to this database: expected SHA-256 ${known}, ` +
          `received ${checksum}. Restore the file and write the change as a new migration.`,
      );
    }
  }
  const names = new Set(migrations.map(({ name }) => name));
  const unknown = [...applied.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new AppError(
      "DATABASE_TOO_NEW",
      `The database has migrations that this version of Espalier does not know: ${unknown.join(", ")}. ` +
        "Run the version that applied them, or a newer one.",
    );
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

async function applyOne(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const startedAt = new Date();
  await client.query("BEGIN");
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, now(), 1)`,
      [randomUUID(), checksum, name, startedAt],
    );
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => {});
    if (temporaryFailureOf(cause) !== null || isForbidden(cause)) throw cause;
    const reason = messageOf(cause);
    throw new AppError("MIGRATION_FAILED", `Migration ${name} failed and changed nothing: ${reason}.`, {
      cause,
    });
  }
}

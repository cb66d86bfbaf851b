import pg from "pg";
import { z } from "zod";
import { AppError } from "../../core/app-error.js";
import type { DatabaseTarget } from "../connecting/database-target.js";

/** The table of Prisma Migrate, in which other products record their migrations, too. */
export const MIGRATIONS_TABLE = "_prisma_migrations";
/** Names of tables in the error. */
const NAMED = 3;
const UNDEFINED_COLUMN = "42703";

const SCHEMA = z.tuple([z.object({ exists: z.boolean(), relations: z.array(z.string()) })]);
const NAMES = z.array(z.object({ name: z.string() }));

/** The state of the tables' schema before anything is written. */
export interface SchemaState {
  readonly exists: boolean;
  readonly hasMigrationsTable: boolean;
}

/**
 * Reads the schema of the tables, and refuses one that another application uses. Extensions may have tables in it. Other
 * schemas of the database do not matter.
 *
 * @param migrations names of our migrations
 * @throws AppError `DATABASE_FOREIGN`
 */
export async function checkSchemaOwner(
  client: pg.Client,
  target: DatabaseTarget,
  migrations: readonly string[],
): Promise<SchemaState> {
  const { rows } = await client.query(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS exists,
       ARRAY(
         SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (
           SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e'
         )
         ORDER BY relname
       ) AS relations`,
    [target.schema],
  );
  const [{ exists, relations }] = SCHEMA.parse(rows);
  const hasMigrationsTable = relations.includes(MIGRATIONS_TABLE);
  const others = relations.filter((name) => name !== MIGRATIONS_TABLE);
  const recorded = hasMigrationsTable ? await recordedMigrations(client) : [];
  const isOurs = recorded.some((name) => migrations.includes(name));
  // A first migration that failed leaves the empty table of migrations.
  const isUnused = others.length === 0 && recorded.length === 0;
  if (!isOurs && !isUnused) throw foreign(target, others.length > 0 ? others : [MIGRATIONS_TABLE]);
  return { exists, hasMigrationsTable };
}

async function recordedMigrations(client: pg.Client): Promise<readonly string[]> {
  try {
    const { rows } = await client.query(`SELECT migration_name AS name FROM ${MIGRATIONS_TABLE}`);
    return NAMES.parse(rows).map(({ name }) => name);
  } catch (error) {
    // A table of that name that is not Prisma Migrate's.
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_COLUMN) return ["unknown"];
    throw error;
  }
}

function foreign({ name, schema }: DatabaseTarget, tables: readonly string[]): AppError {
  const some = tables.slice(0, NAMED).join(", ");
  const more = tables.length > NAMED ? ` and ${tables.length - NAMED} more` : "";
  return new AppError(
    "DATABASE_FOREIGN",
    `${name} belongs to another application: its schema ${JSON.stringify(schema)} has the tables ${some}${more}; nothing was ` +
      "changed, so name an empty database, or a schema of its own with ?schema=espalier in DATABASE_URL.",
  );
}

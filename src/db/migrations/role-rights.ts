import pg from "pg";
import { z } from "zod";
import { type DatabaseIdentity, lacksRight } from "../trouble/refusal.js";

const RIGHTS = z.tuple([
  z.object({
    role: z.string(),
    schemaExists: z.boolean(),
    createsSchemas: z.boolean(),
    usesSchema: z.boolean(),
    createsTables: z.boolean(),
  }),
]);

/** The rights that a role has and that the migrations need. Messages of PostgreSQL may be in any language. */
export class RoleRights {
  private constructor(
    private readonly identity: DatabaseIdentity,
    private readonly rights: z.infer<typeof RIGHTS>[0],
  ) {}

  static async read(client: pg.Client, { name, database, schema }: DatabaseIdentity): Promise<RoleRights> {
    const { rows } = await client.query(
      `SELECT current_user::text AS role,
         n.oid IS NOT NULL AS "schemaExists",
         has_database_privilege(current_database(), 'CREATE') AS "createsSchemas",
         coalesce(has_schema_privilege(n.oid, 'USAGE'), true) AS "usesSchema",
         coalesce(has_schema_privilege(n.oid, 'CREATE'), true) AS "createsTables"
       FROM (SELECT $1::name AS name) AS wanted LEFT JOIN pg_namespace n ON n.nspname = wanted.name`,
      [schema],
    );
    const [rights] = RIGHTS.parse(rows);
    return new RoleRights({ name, database, schema, role: rights.role }, rights);
  }

  /**
   * Checks that the role can see the tables of the schema, or create the schema.
   *
   * @throws AppError `DATABASE_REFUSED`
   */
  checkAccess(): void {
    const { schemaExists, createsSchemas, usesSchema } = this.rights;
    const { database, role, schema } = this.#quoted();
    if (!schemaExists && !createsSchemas) {
      throw lacksRight(this.identity, {
        problem: `the schema ${schema} does not exist, and it may not create schemas in this database`,
        remedy: `run CREATE SCHEMA ${schema} AUTHORIZATION ${role}, or GRANT CREATE ON DATABASE ${database} TO ${role}`,
      });
    }
    if (!usesSchema) throw this.#lacksSchema("use");
  }

  /**
   * Checks that the role can create tables in the schema.
   *
   * @throws AppError `DATABASE_REFUSED`
   */
  checkCreation(): void {
    if (!this.rights.createsTables) throw this.#lacksSchema("create tables in");
  }

  #lacksSchema(what: string) {
    const { role, schema } = this.#quoted();
    return lacksRight(this.identity, {
      problem: `it may not ${what} the schema ${schema}`,
      remedy: `run GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`,
    });
  }

  #quoted() {
    const { database, role, schema } = this.identity;
    return {
      database: pg.escapeIdentifier(database),
      role: pg.escapeIdentifier(role),
      schema: pg.escapeIdentifier(schema),
    };
  }
}

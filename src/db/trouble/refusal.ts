import pg from "pg";
import { AppError } from "../../core/app-error.js";
import { driverErrorOf } from "../driver-error.js";

/** The facts about a database that messages name. */
export interface DatabaseIdentity {
  /** The server and the database, without password. */
  readonly name: string;
  readonly database: string;
  /** The schema of the tables. */
  readonly schema: string;
  /** The role that the product connects as. */
  readonly role: string;
}

const INSUFFICIENT_PRIVILEGE = "42501";
const RESERVED_NAME = "42939";
/** The function of PostgreSQL that refuses a role without the right CONNECT. Messages may be in any language. */
const CHECKS_CONNECT = "CheckMyDatabase";

/** Whether the role lacks a right. */
export function isForbidden(error: unknown): boolean {
  return driverErrorOf(error)?.code === INSUFFICIENT_PRIVILEGE;
}

/** The error for a right that the role lacks, in one sentence. */
export function lacksRight(
  { name, role }: DatabaseIdentity,
  { problem, remedy, cause }: { readonly problem: string; readonly remedy: string; readonly cause?: unknown },
): AppError {
  return new AppError(
    "DATABASE_REFUSED",
    `${name} refuses the role ${JSON.stringify(role)} what Espalier needs: ${problem}; ${remedy}.`,
    { cause },
  );
}

/** The error for an error that `isForbidden`. */
export function forbidden(identity: DatabaseIdentity, cause: unknown): AppError {
  const [database, schema, role] = [identity.database, identity.schema, identity.role].map(
    pg.escapeIdentifier,
  );
  const problem = driverErrorOf(cause)?.message ?? String(cause);
  const remedy =
    cause instanceof pg.DatabaseError && cause.routine === CHECKS_CONNECT
      ? `run GRANT CONNECT ON DATABASE ${database} TO ${role}`
      : `connect as the owner of the tables in the schema ${schema}, or run GRANT ALL ON ALL TABLES IN SCHEMA ${schema} ` +
        `TO ${role}`;
  return lacksRight(identity, { problem, remedy, cause });
}

/** The error for a statement of the start that PostgreSQL refuses for a reason that does not pass. */
export function refused(identity: DatabaseIdentity, cause: pg.DatabaseError): AppError {
  if (cause.code === RESERVED_NAME) {
    return new AppError(
      "DATABASE_URL_INVALID",
      `DATABASE_URL names the schema ${JSON.stringify(identity.schema)}, which PostgreSQL keeps for itself.`,
      { cause },
    );
  }
  return new AppError(
    "DATABASE_REFUSED",
    `${identity.name} refuses what Espalier needs: ${cause.message} (SQLSTATE ${cause.code}).`,
    { cause },
  );
}

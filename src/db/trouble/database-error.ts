import pg from "pg";
import { AppError } from "../../core/app-error.js";
import { type DatabaseIdentity, forbidden, isForbidden, refused } from "./refusal.js";
import { temporaryFailureOf } from "./temporary-failure.js";

/** The connection was lost while PostgreSQL may have been carrying out a change, so it must not be repeated blindly. */
export class OutcomeUnknown extends Error {
  constructor(cause: unknown) {
    super("The connection was lost during a change.", { cause });
    this.name = "OutcomeUnknown";
  }
}

/** The error for a temporary failure of a database, or for a missing right; any other error as it is. */
export function databaseError(identity: DatabaseIdentity, error: unknown): unknown {
  const database = identity.name;
  if (error instanceof OutcomeUnknown) {
    return new AppError(
      "DATABASE_UNREACHABLE",
      `The connection to ${database} was lost during a change: ${reasonOf(error.cause)}. The change may have been saved: ` +
        "look before you repeat it, or repeat it with the same idempotency key.",
      { cause: error.cause },
    );
  }
  switch (temporaryFailureOf(error)) {
    case "UNREACHABLE":
      return unreachable(database, error);
    case "READ_ONLY":
      return readOnly(database, error);
    case "CONFLICT":
      return new AppError(
        "DATABASE_CONFLICT",
        `${database} rolled a change back again and again because of other changes: ${reasonOf(error)}. ` +
          "Nothing was changed. Try again.",
        { cause: error },
      );
    case null:
      return isForbidden(error) ? forbidden(identity, error) : error;
  }
}

/** The error for work of the start that fails, so that PostgreSQL's own errors have a code. */
export function refusedError(identity: DatabaseIdentity, error: unknown): unknown {
  const known = databaseError(identity, error);
  return known instanceof pg.DatabaseError ? refused(identity, known) : known;
}

/** The error for a server that cannot be reached. */
export function unreachable(database: string, cause: unknown): AppError {
  return new AppError(
    "DATABASE_UNREACHABLE",
    `${database} cannot be reached: ${reasonOf(cause)}. Check DATABASE_URL.`,
    { cause },
  );
}

/** The error for a database that cannot be opened, whatever the reason. */
export function startError(identity: DatabaseIdentity, error: unknown): AppError {
  const known = databaseError(identity, error);
  return known instanceof AppError ? known : unreachable(identity.name, error);
}

/** The error for a server that accepts no writes. */
export function readOnly(database: string, cause: unknown): AppError {
  return new AppError(
    "DATABASE_READ_ONLY",
    `${database} accepts no writes: ${reasonOf(cause)}. Nothing was changed. Try again once the server is the primary ` +
      "and default_transaction_read_only is off.",
    { cause },
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message || String(cause) : String(cause);
}

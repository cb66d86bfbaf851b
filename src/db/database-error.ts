import { AppError } from "../core/app-error.js";
import { temporaryFailureOf } from "./temporary-failure.js";

/** The connection was lost while PostgreSQL may have been carrying out a change, so it must not be repeated blindly. */
export class OutcomeUnknown extends Error {
  constructor(cause: unknown) {
    super("The connection was lost during a change.", { cause });
    this.name = "OutcomeUnknown";
  }
}

/**
 * The error for a temporary failure of the database at `url`; any other error as it is. Its message does not contain the
 * password.
 */
export function databaseError(url: string, error: unknown): unknown {
  if (error instanceof OutcomeUnknown) {
    return new AppError(
      "DATABASE_UNREACHABLE",
      `The connection to ${nameOf(url)} was lost during a change: ${reasonOf(error.cause)}. The change may have been saved: ` +
        "look before you repeat it, or repeat it with the same idempotency key.",
      { cause: error.cause },
    );
  }
  switch (temporaryFailureOf(error)) {
    case "UNREACHABLE":
      return unreachable(url, error);
    case "READ_ONLY":
      return readOnly(url, error);
    case "CONFLICT":
      return new AppError(
        "DATABASE_CONFLICT",
        `${nameOf(url)} rolled a change back again and again because of other changes: ${reasonOf(error)}. ` +
          "Nothing was changed. Try again.",
        { cause: error },
      );
    case null:
      return error;
  }
}

/** The error for a server at `url` that cannot be reached. Its message does not contain the password. */
export function unreachable(url: string, cause: unknown): AppError {
  return new AppError(
    "DATABASE_UNREACHABLE",
    `${nameOf(url)} cannot be reached: ${reasonOf(cause)}. Check DATABASE_URL.`,
    { cause },
  );
}

/** The error for a database at `url` that cannot be opened, whatever the reason. */
export function startError(url: string, error: unknown): AppError {
  const known = databaseError(url, error);
  return known instanceof AppError ? known : unreachable(url, error);
}

/** The error for a server that accepts no writes. */
export function readOnly(url: string, cause: unknown): AppError {
  return new AppError(
    "DATABASE_READ_ONLY",
    `${nameOf(url)} accepts no writes: ${reasonOf(cause)}. Nothing was changed. Try again once the server is the primary ` +
      "and default_transaction_read_only is off.",
    { cause },
  );
}

function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `PostgreSQL at ${host}, database ${pathname.slice(1)},`;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message || String(cause) : String(cause);
}

import { AppError } from "../core/app-error.js";

/** The failure to reach the server at `url`, without its password. */
export function unreachable(url: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message || String(cause) : String(cause);
  return new AppError(
    "DATABASE_UNREACHABLE",
    `PostgreSQL at ${new URL(url).host}, database ${new URL(url).pathname.slice(1)}, must be reachable: ${reason}. ` +
      "Check DATABASE_URL.",
    { cause },
  );
}

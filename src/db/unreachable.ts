import { AppError } from "../core/app-error.js";

/** The error for a server at `url` that cannot be reached. Its message does not contain the password. */
export function unreachable(url: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message || String(cause) : String(cause);
  return new AppError(
    "DATABASE_UNREACHABLE",
    `PostgreSQL at ${new URL(url).host}, database ${new URL(url).pathname.slice(1)}, cannot be reached: ${reason}. ` +
      "Check DATABASE_URL.",
    { cause },
  );
}

import type { ErrorCode } from "./error-codes.js";

/**
 * A failure that a person can act on: a stable code, and a message that says what was expected,
 * what was received and what to do. Domains throw it; only the API and the CLI translate it.
 */
export class AppError<Code extends ErrorCode = ErrorCode> extends Error {
  /** Path of the offending field inside the mutation's input, for example `["split", "test"]`. */
  readonly path: readonly string[];

  constructor(
    readonly code: Code,
    message: string,
    options: { cause?: unknown; path?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.path = options.path ?? [];
  }
}

/** Whether `error` is an AppError with one of these codes. */
export function hasCode<Code extends ErrorCode>(error: unknown, ...codes: Code[]): error is AppError<Code> {
  return error instanceof AppError && codes.some((code) => code === error.code);
}

/** The message of an AppError, for a person; the stack of any other error, for a developer. */
export function explainError(error: unknown): string {
  if (error instanceof AppError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

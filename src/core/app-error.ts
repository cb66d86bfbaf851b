/**
 * A failure that a person can act on: a stable code, and a message that says what was expected,
 * what was received and what to do. Domains throw it; only the API and the CLI translate it.
 */
export class AppError extends Error {
  /** Path of the offending field inside the mutation's input, for example `["split", "test"]`. */
  readonly path: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; path?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.path = options.path ?? [];
  }
}

/** What a terminal shows: the message of an expected failure, for a person; the stack of a fault, for a developer. */
export function explainError(error: unknown): string {
  if (error instanceof AppError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Upper snake case, never renamed once released: clients branch on it. */
export type ErrorCode = Uppercase<string>;

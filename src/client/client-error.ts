/**
 * A failure that a client program reports to its user. The code is the API's or the program's own. The message says what
 * was expected, what was received and what to do.
 */
export class ClientError extends Error {
  override readonly name = "ClientError";

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Describes an error for a terminal: the message of an expected failure, or the stack of another error. */
export function explainError(error: unknown): string {
  if (error instanceof ClientError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

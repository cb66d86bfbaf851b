import { explainError } from "../src/client/client-error.js";

/** Describes an error and those that it contains: when work fails, closing may fail as well. */
export function explainAll(error: unknown): string {
  if (isSuppressed(error)) return `${explainAll(error.suppressed)}\n${explainAll(error.error)}`;
  if (error instanceof AggregateError) return error.errors.map(explainAll).join("\n");
  return explainError(error);
}

/** Tests the name, since the class itself exists from Node 24 on. */
function isSuppressed(error: unknown): error is Pick<SuppressedError, "error" | "suppressed"> {
  return error instanceof Error && error.name === "SuppressedError";
}

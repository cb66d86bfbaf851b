import { explainError } from "../src/client/client-error.js";

/** What a terminal shows of an error, and of those that it stands for: closing may fail after work did. */
export function explainAll(error: unknown): string {
  if (isSuppressed(error)) return `${explainAll(error.suppressed)}\n${explainAll(error.error)}`;
  if (error instanceof AggregateError) return error.errors.map(explainAll).join("\n");
  return explainError(error);
}

/** By its name, since the class itself came with Node 24. */
function isSuppressed(error: unknown): error is Pick<SuppressedError, "error" | "suppressed"> {
  return error instanceof Error && error.name === "SuppressedError";
}

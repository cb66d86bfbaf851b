import { AppError } from "../../core/app-error.js";

/** A file of weights that cannot be what it should be. */
export function invalidWeights(expected: string, received: string, cause?: unknown): AppError {
  return new AppError(
    "WEIGHTS_INVALID",
    `A file of weights must have ${expected}. Received ${received}. Save the weights again, and send the ` +
      `file whole.`,
    { cause },
  );
}

const LONGEST_QUOTE = 100;

/** Text out of a file, for a message: it may be anything and of any length. */
export function quoted(text: string): string {
  const cut = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return JSON.stringify(cut);
}

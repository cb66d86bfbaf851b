import { AppError } from "../../core/app-error.js";

/** An error about a file of weights that has an unexpected content. */
export function invalidWeights(expected: string, received: string, cause?: unknown): AppError {
  return new AppError(
    "WEIGHTS_INVALID",
    `A file of weights must have ${expected}. Received ${received}. Save the weights again, and send the ` +
      `file whole.`,
    { cause },
  );
}

const MAX_QUOTE_LENGTH = 100;

/** Quotes text of a file in a message, shortened, because the text can be of any kind and length. */
export function quoted(text: string): string {
  const cut = text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text;
  return JSON.stringify(cut);
}

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
  return JSON.stringify(shortened(text));
}

/** Text of a file as it may be stored and shown: shortened, without NUL and halves of surrogate pairs. */
export function printable(text: string): string {
  return shortened(text).toWellFormed().replaceAll("\0", "\uFFFD");
}

function shortened(text: string): string {
  return text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text;
}

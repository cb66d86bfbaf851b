import { ERROR_CODES, type ErrorCode } from "../../core/error-codes.js";

/**
 * The description of a payload's `userErrors`.
 *
 * @param why what the errors explain, as a sentence
 * @param codes those that the mutation can return because of its input. Every mutation can also return codes that say
 *   nothing about the input, such as `DATABASE_UNREACHABLE`
 */
export function userErrorsDescription(why: string, codes: readonly ErrorCode[]): string {
  const meanings = [...codes].sort().map((code) => `- \`${code}\`: ${ERROR_CODES[code].meaning}`);
  return `${why} Codes:\n${meanings.join("\n")}`;
}

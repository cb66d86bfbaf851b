import type { GraphQLError } from "graphql";
import { isStorableText } from "../../lang/text/storable-text.js";
import { operationRefused } from "../errors/coded-error.js";
import { LIST_ITEMS, VARIABLES_DEPTH } from "./operation-limits.js";

/**
 * Refuses long lists, deep nesting and texts that cannot be stored before anything else reads the variables.
 *
 * @throws GraphQLError with the code `INPUT_TOO_LARGE` or `BAD_USER_INPUT`
 */
export function checkVariables(variables: unknown): void {
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value: variables, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value === "string") checkText(value);
    if (typeof value !== "object" || value === null) continue;
    if (depth > VARIABLES_DEPTH) throw tooLarge(`are nested more than ${VARIABLES_DEPTH} deep`);
    if (Array.isArray(value) && value.length > LIST_ITEMS) {
      throw tooLarge(`hold a list of ${value.length} items; at most ${LIST_ITEMS} are allowed`);
    }
    for (const item of Object.values(value)) waiting.push({ value: item, depth: depth + 1 });
  }
}

/**
 * Refuses text that PostgreSQL does not store.
 *
 * @throws GraphQLError with the code `BAD_USER_INPUT`
 */
export function checkText(text: string): void {
  if (isStorableText(text)) return;
  throw operationRefused(
    "BAD_USER_INPUT",
    `Text must be well-formed Unicode without NUL (U+0000). Received ${JSON.stringify(text.slice(0, 80))}.`,
  );
}

function tooLarge(what: string): GraphQLError {
  return operationRefused("INPUT_TOO_LARGE", `The variables ${what}.`);
}

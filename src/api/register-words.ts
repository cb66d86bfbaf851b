import { registerEnumType } from "type-graphql";
import type { WordSet } from "../core/settings/words.js";

/** Declares the GraphQL enumeration of a set of words. */
export function registerWords(words: object, { name, description, meanings }: WordSet): void {
  const valuesConfig = Object.fromEntries(
    Object.entries(meanings).map(([word, meaning]) => [word, { description: meaning }]),
  );
  registerEnumType(words, { name, description, valuesConfig });
}

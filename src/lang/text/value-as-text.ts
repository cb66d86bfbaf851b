/** A value as one line of text. Texts in a list are quoted, so that every list can be told from every other. */
export function valueAsText(value: unknown): string {
  return Array.isArray(value) ? listAsText(value) : String(value);
}

/** A list as one line of text from which it can be told from every other list: `1, 2.5`, or `"oak", "ash, young"`, `none`. */
export function listAsText(list: readonly unknown[]): string {
  if (list.length === 0) return "none";
  return list.map((item) => JSON.stringify(item)).join(", ");
}

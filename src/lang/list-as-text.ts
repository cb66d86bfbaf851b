/** A list as one line of text from which it can be told from every other list: `1, 2.5`, or `"oak", "ash, young"`. */
export function listAsText(list: readonly unknown[]): string {
  return list.map((item) => JSON.stringify(item)).join(", ");
}

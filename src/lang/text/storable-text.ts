/** Whether PostgreSQL stores a text: it takes neither NUL nor half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

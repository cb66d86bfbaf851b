/** The name of the file of labels inside an exported file. */
export const LABELS_FILE = "labels.txt";

/** Control characters and the separators of lines: some program takes each of them for the end of a line. */
const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029]/gu;

/**
 * The file of labels: UTF-8, one on each line, in the order of the probabilities. A control
 * character or a separator of lines within a class name is written as in JSON ("\n", "\u2028"), because it could shift the
 * labels behind it. Everything else stands as it is, so a name with a backslash is not changed. The exact names are in the
 * facts of the file.
 */
export function formatLabels(classNames: readonly string[]): string {
  return classNames.map((name) => `${name.replace(CONTROL_CHARACTERS, escapeCharacter)}\n`).join("");
}

function escapeCharacter(character: string): string {
  const escaped = JSON.stringify(character).slice(1, -1);
  return escaped === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : escaped;
}

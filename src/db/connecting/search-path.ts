/**
 * The first schema of the search path that `options` sets, as PostgreSQL reads it: the last setting counts, and a name
 * without quotes is in lower case. Null where none is set.
 *
 * @param options the parameter of libpq, such as `-c search_path=app` or `--search-path=app`
 */
export function firstSchemaOf(options: string): string | null {
  const paths = settingsOf(wordsOf(options))
    .filter(({ name }) => name === "search_path")
    .map(({ value }) => value);
  const path = paths.at(-1);
  return path === undefined ? null : firstIdentifier(path);
}

/** Words are separated by spaces; a backslash takes the next character as it is. */
function wordsOf(options: string): readonly string[] {
  return [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) => word.replace(/\\(.)/gs, "$1"));
}

function settingsOf(words: readonly string[]): readonly { name: string; value: string }[] {
  return words.flatMap((word, index) => {
    const text = word.startsWith("--") || word.startsWith("-c") ? word.slice(2) : null;
    const setting = text === "" && word === "-c" ? (words[index + 1] ?? "") : text;
    const { name, value } = /^(?<name>[^=]+)=(?<value>.*)$/s.exec(setting ?? "")?.groups ?? {};
    if (name === undefined || value === undefined) return [];
    return [{ name: name.replaceAll("-", "_").toLowerCase(), value }];
  });
}

function firstIdentifier(list: string): string | null {
  const { quoted, plain } = /^\s*(?:"(?<quoted>(?:[^"]|"")+)"|(?<plain>[^\s,"]+))/.exec(list)?.groups ?? {};
  if (quoted !== undefined) return quoted.replaceAll('""', '"');
  // Only the letters of ASCII: in UTF-8, PostgreSQL leaves others as they are.
  return plain?.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) ?? null;
}

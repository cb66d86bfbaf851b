/** Characters of a value that a message quotes at most. */
const QUOTED_CHARACTERS = 200;

/**
 * Shortens the values that a message of GraphQL quotes. For a misspelt field, graphql-js quotes the whole object around it,
 * such as the configuration of a run.
 */
export function withShortQuotes(message: string): string {
  const [start] = /^Variable "\$\w+" got invalid value /.exec(message) ?? [];
  if (start === undefined) return shortReason(message);
  const end = reasonStart(message);
  const [place = ""] = / at "[^"]*"$/.exec(message.slice(Math.max(start.length, end - 500), end)) ?? [];
  const value = message.slice(start.length, end - place.length);
  return `${start}${shortened(value)}${place}${shortReason(message.slice(end))}`;
}

/** Where the last semicolon before a sentence is; the value before it may hold others. Long values make a regex slow. */
function reasonStart(message: string): number {
  let index = message.lastIndexOf("; ");
  while (index > 0 && !/[A-Z]/.test(message.charAt(index + 2))) index = message.lastIndexOf("; ", index - 1);
  return index > 0 ? index : message.length;
}

/** "Float cannot represent non numeric value: {…}", or "Expected value of type …, found {…}." */
function shortReason(reason: string): string {
  return reason.replace(
    /( cannot represent [^:]{0,60}: |, found )(.+)$/s,
    (_, start: string, value: string) => `${start}${shortened(value)}`,
  );
}

function shortened(value: string): string {
  return value.length > QUOTED_CHARACTERS ? `${value.slice(0, QUOTED_CHARACTERS)}…` : value;
}

/** Replaces a secret in a log line. */
export const WITHHELD = "[withheld]";

/** Names of fields whose values are secret. */
const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  "adminToken",
  "apiKey",
  "databaseUrl",
  "DATABASE_URL",
  "connectionString",
];

/** How deep in a line a field with a secret of any type is found: `error.request.headers.authorization` is 4 deep. */
const MAX_DEPTH = 4;

/** The same as paths of pino's `redact`, which withholds values of any type. */
export const SECRET_PATHS: readonly string[] = Array.from({ length: MAX_DEPTH }, (_, depth) =>
  SECRET_FIELDS.map((field) => "*.".repeat(depth) + field),
).flat();

/** Secrets within texts, such as the message of an error. Each keeps what stands before the secret. */
const SECRETS: readonly RegExp[] = [
  // The credentials of an Authorization header; in lower case the words also begin prose, such as "basic training".
  /(?<before>\b(?:Bearer|Basic)\s+)[\w.~+/=-]+/g,
  /(?<before>\b(?:bearer|basic)\s+)[\w.~+/=-]{20,}/g,
  // Espalier's own access tokens.
  /(?<before>\besp_)[\w-]{43}/g,
  // The password in a URL, up to the last @ before its path.
  /(?<before>\b[a-z][a-z\d+.-]*:\/\/[^\s:/@"\\]*:)[^\s/"\\]*(?=@)/gi,
  // Settings of a connection, as in a connection string or a query of a URL.
  /(?<before>\b(?:password|passwd|pwd|token|secret)=)[^\s&;"'\\]+/gi,
  // Fields of JSON at any depth, also of JSON within a text.
  new RegExp(
    `(?<before>\\\\*"(?:${SECRET_FIELDS.join("|")})\\\\*"\\s*:\\s*\\\\*")(?:[^"\\\\]|\\\\(?!").)+`,
    "gi",
  ),
];

/** Withholds every secret that a text shows. */
export function redact(text: string): string {
  return SECRETS.reduce((line, secret) => line.replace(secret, `$<before>${WITHHELD}`), text);
}

import { keysOf } from "../lang/keys-of.js";
import { markdownTable } from "../lang/markdown-table.js";
import { ERROR_CODES, ERROR_DOMAINS, type ErrorCode, type ErrorDescription } from "./error-codes.js";
import { RUN_WARNINGS } from "./runs/warnings.js";

const INTRODUCTION = `# Error codes

Every expected error has a code and a message. The code is for programs: it is never renamed and never changes its
meaning. The message is for people: it says what was expected, what was received and what to do, and may be reworded.

- **Mutations** return expected errors as \`userErrors { code message path }\` and have then changed nothing. Any of them
  may also return the codes of *Requests*.
- **Queries, subscriptions and requests that are refused** return GraphQL errors with the code in \`extensions.code\`.
- **Other HTTP routes** (uploads, images, artifacts) return \`{"errors": [{"message", "extensions": {"code"}}]}\`. The HTTP
  status is 400 where a table names no other.
- **Imports** that fail keep code and message in \`DatasetVersion.failure\`.
- **Exports** that fail keep code and message in \`ModelExport.failure\`.
- **Runs** end with a reason, \`Run.endReason\`, where a table names one: every other attempt would fail the same way. An
  attempt that fails with another code is repeated from the last checkpoint.
- **Commands** print the message with the code in parentheses and exit with code 1. A wrong command line has no error code:
  the command prints the message and its usage, and exits with code 2.

*Who acts* is who can remove the cause: the **caller** of the API, the **operator** of the server, or the **developer**,
because it is a fault of Espalier that is worth a report.
`;

interface Column {
  readonly title: string;
  readonly cell: (code: ErrorCode, description: ErrorDescription) => string;
  /** Columns that are empty in the whole table of a domain are left out. */
  readonly optional?: true;
}

const COLUMNS: readonly Column[] = [
  { title: "Code", cell: (code) => `\`${code}\`` },
  { title: "Meaning", cell: (_code, { meaning }) => meaning },
  { title: "Who acts", cell: (_code, { audience }) => audience },
  { title: "HTTP status", cell: (_code, { httpStatus }) => String(httpStatus ?? ""), optional: true },
  { title: "Run ends with", cell: (_code, { runEndReason }) => quoted(runEndReason), optional: true },
];

/** The page docs/errors.md. */
export function errorReference(): string {
  const codes = keysOf(ERROR_CODES);
  const sections = keysOf(ERROR_DOMAINS).map((domain) => {
    const ofDomain = codes.filter((code) => ERROR_CODES[code].domain === domain).sort();
    return `## ${ERROR_DOMAINS[domain]}\n\n${codeTable(ofDomain)}`;
  });
  const warnings = markdownTable(
    ["Code", "Meaning"],
    Object.entries(RUN_WARNINGS).map(([code, meaning]) => [`\`${code}\``, meaning]),
  );
  const warningSection = `## Warnings of a run\n\nThe codes of the event \`RunWarning\`. The run goes on.\n\n${warnings}`;
  return [INTRODUCTION, ...sections, warningSection].join("\n");
}

function codeTable(codes: readonly ErrorCode[]): string {
  const rows = codes.map((code) => COLUMNS.map(({ cell }) => cell(code, ERROR_CODES[code])));
  const shown = COLUMNS.map(({ optional }, column) => !optional || rows.some((row) => row[column] !== ""));
  const inShown = (_: unknown, column: number): boolean => shown[column] === true;
  return markdownTable(
    COLUMNS.map(({ title }) => title).filter(inShown),
    rows.map((row) => row.filter(inShown)),
  );
}

function quoted(text: string | undefined): string {
  return text === undefined ? "" : `\`${text}\``;
}

import { markdownTable } from "../../lang/markdown-table.js";
import { ENVIRONMENT_VARIABLES, type EnvironmentVariable } from "./variables.js";

/** The page docs/configuration.md. */
export function configurationReference(): string {
  const rows = Object.entries<EnvironmentVariable<unknown>>(ENVIRONMENT_VARIABLES)
    .filter(([, { usedBy }]) => usedBy.length > 0)
    .map(([name, { values, unset, usedBy, description }]) => [
      `\`${name}\``,
      values,
      unset,
      usedBy.join(", "),
      description,
    ]);
  return `# Configuration

<!-- Written by \`npm run schema\` from src/core/environment/variables.ts. Do not edit. -->

Espalier is configured with environment variables. All of them are optional, except that \`worker\` requires
\`DATABASE_URL\`. A value of the wrong form stops the command with \`CONFIG_INVALID\` and the valid values. A database that
cannot be reached stops it with \`DATABASE_UNREACHABLE\`, and an address that it cannot listen on with \`HOST_UNUSABLE\` or
\`PORT_IN_USE\`. A variable that looks like one of these and is none, and a folder that does not exist, are warnings in the
log of \`serve\` and \`worker\`. The commands are those of \`npx espalier\`: \`npm start\` is \`serve\`, and \`npm run worker\` is
\`worker\`.

${markdownTable(["Variable", "Value", "Default", "Read by", "Meaning"], rows)}`;
}

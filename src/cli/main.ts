import { AppError } from "../core/app-error.js";
import { type Command, UsageError } from "./command.js";
import { migrations } from "./migrations.js";
import { schema } from "./schema.js";
import { serve } from "./serve.js";
import { setup } from "./setup.js";

const COMMANDS: Readonly<Record<string, Command>> = { serve, setup, schema, migrations };

const USAGE = `Usage: espalier <command>
${Object.entries(COMMANDS)
  .map(([name, command]) => `  ${`${name} ${command.usage}`.padEnd(34)} ${command.summary}`)
  .join("\n")}
`;

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const [name = "", ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = EXIT_USAGE;
} else {
  try {
    process.exitCode = await command.run(args);
  } catch (error) {
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
    process.stderr.write(`espalier ${name}: ${explain(error)}\n`);
  }
}

/** A person reads the message of an expected failure; of a fault, a developer reads the stack. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n${USAGE}`;
  if (error instanceof AppError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

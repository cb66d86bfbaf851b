/** Runs one command of the launcher after the steps that it needs. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "./commands.mjs";
import { asksForHelp, describeCommand, describeCommands } from "./help.mjs";
import { provideNode } from "./node-runtime.mjs";
import { Failure, say, UsageFailure } from "./process.mjs";
import { COMPILED, setUp } from "./steps.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code: 2 when the command line was wrong
 */
export async function runCommand(name, args) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (command === undefined) {
      throw new UsageFailure(
        `Expected one of ${Object.keys(COMMANDS).join(", ")}. Received ${JSON.stringify(name)}.`,
        describeCommands(COMMANDS),
      );
    }
    const helps = asksForHelp(args);
    if (helps && command.help !== undefined) {
      process.stdout.write(describeCommand(name, command));
      return 0;
    }
    command.check?.(args);
    const node = await provideNode();
    // Child processes use the same Node. With an older Node, npm leaves out packages that do not support it.
    process.env.PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}`;
    const needs = typeof command.needs === "function" ? command.needs(args) : command.needs;
    // A program explains itself, and needs nothing but its code for that.
    await setUp({ root, node, steps: helps ? COMPILED : needs, typeErrors: command.typeErrors });
    return await command.run({ root, node, args });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const usage = error instanceof UsageFailure ? `\n\n${error.usage ?? describeCommand(name, command)}` : "";
    say(`\n${error.message}${usage}`.trimEnd());
    return error.exitCode;
  }
}

import type { AddHelpTextContext } from "commander";
import {
  type CommandName,
  ENVIRONMENT_VARIABLES,
  type EnvironmentVariable,
} from "../core/environment/variables.js";

/** The part of a command's help that lists the environment variables which the command reads. */
export function environmentHelp(name: CommandName): (context: AddHelpTextContext) => string {
  return ({ command, error }) => {
    // After a wrong command line only the options help.
    if (error) return "";
    const variables = Object.entries<EnvironmentVariable<unknown>>(ENVIRONMENT_VARIABLES).filter(
      ([, { usedBy }]) => usedBy.includes(name),
    );
    const help = command.createHelp();
    const output = command.configureOutput();
    const helpWidth = output.getOutHelpWidth?.();
    help.prepareContext(helpWidth === undefined ? {} : { helpWidth });
    const nameWidth = Math.max(...variables.map(([variable]) => variable.length));
    const items = variables.map(([variable, { description, unset }]) =>
      help.formatItem(variable, nameWidth, plain(`${description} (default: ${unset})`), help),
    );
    return `\nEnvironment variables:\n${items.join("\n")}`;
  };
}

/** The text without Markdown's marks for code. */
function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}

import { type Command, CommanderError } from "commander";

/** Exit codes of every command line. */
export const EXIT = {
  success: 0,
  failure: 1,
  /** The command line itself was wrong. */
  usage: 2,
  /** Ctrl-C or SIGTERM ended the command: 128 and the number of SIGINT, as shells report it. */
  interrupted: 130,
} as const;

/**
 * Parses a command line and runs the action of the command that it names. Help goes to standard output. A wrong
 * option, argument or command is answered on standard error with what was received and the help of that command.
 *
 * @param words the arguments without the program itself: `process.argv.slice(2)`
 * @returns the exit code when parsing ended the command, 0 after `--help` and 2 after a wrong command line; null when
 *   the command line was valid
 */
export async function parseCommandLine(program: Command, words: readonly string[]): Promise<number | null> {
  configure(program);
  try {
    await program.parseAsync([...words], { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.success : EXIT.usage;
  }
}

function configure(command: Command): void {
  command
    .exitOverride()
    .showHelpAfterError()
    .configureOutput({
      outputError: (message, write) => write(`${fullName(command)}: ${message.replace(/^error: /, "")}`),
    });
  for (const subcommand of command.commands) configure(subcommand);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

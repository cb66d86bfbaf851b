/**
 * The entry of every npm script: `node launcher/launch.mjs <command> [arguments]`. It installs and builds on a bare
 * machine what the command needs, and then becomes the command. It runs on Node 18 and needs no packages. Later starts
 * find everything in place and start one process only.
 */
import { COMMANDS } from "./commands.mjs";
import { asksForHelp, describeCommands } from "./help.mjs";
import { runCommand } from "./run-command.mjs";

const [name = "", ...args] = process.argv.slice(2);

if (asksForHelp([name])) {
  process.stdout.write(describeCommands(COMMANDS));
} else {
  process.exitCode = await runCommand(name, args);
}

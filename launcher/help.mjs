/** Help of the launcher about its commands. The programs that it starts describe their own options. */

/**
 * @typedef {import("./commands.mjs").Command} Command
 */

/** @param {readonly string[]} args */
export function asksForHelp(args) {
  return args.some((argument) => argument === "--help" || argument === "-h");
}

/** @param {Readonly<Record<string, Command>>} commands */
export function describeCommands(commands) {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`,
  );
  return (
    "Usage: npm run <command> -- [arguments]\n" +
    "       node launcher/launch.mjs <command> [arguments]\n\n" +
    `Commands:\n${lines.join("")}\n` +
    "Every command installs and builds what is missing first. --help after a command explains it.\n"
  );
}

/**
 * @param {string} name
 * @param {Command} command
 */
export function describeCommand(name, { summary, help }) {
  const { usage, lines } = help ?? { usage: "[arguments]", lines: [] };
  const details = lines.length === 0 ? "" : `\n${lines.map((line) => `${line}\n`).join("")}`;
  const sentence = `${summary[0]?.toUpperCase()}${summary.slice(1)}.`;
  return `Usage: npm run ${name}${usage === "" ? "" : ` -- ${usage}`}\n\n${sentence}\n${details}`;
}

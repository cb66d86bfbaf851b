import { Command } from "commander";
import { EXIT, parseCommandLine } from "../src/client/command-line.js";
import { addOptions, type Options } from "../src/client/options.js";
import { explainAll } from "./explain-all.js";
import { OPTIONS } from "./options.js";
import { describeReport } from "./report.js";
import { torture } from "./torture.js";

const program = addOptions(
  new Command("torture").description(
    "Trains a small run undisturbed, then trains the same run again and again while it kills the server process and disturbs its database, and " +
      "compares weights, metrics and events with the undisturbed run. The exit code is 1 when they differ.",
  ),
  OPTIONS,
  run,
);
const ended = await parseCommandLine(program, process.argv.slice(2));
if (ended !== null) process.exitCode = ended;

async function run({ data, json, ...options }: Options<typeof OPTIONS>): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  try {
    // Progress goes to standard error, so that the last line of standard output is the result.
    const report = (line: string): boolean => process.stderr.write(`${line}\n`);
    const result = await torture({ ...options, dataFile: data }, { report, signal: interrupted.signal });
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : describeReport(result));
    if (result.differences > 0) process.exitCode = EXIT.failure;
  } catch (error) {
    process.exitCode = interrupted.signal.aborted ? EXIT.interrupted : EXIT.failure;
    if (!interrupted.signal.aborted) process.stderr.write(`${explainAll(error)}\n`);
  }
}

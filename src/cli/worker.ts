import { Command } from "commander";
import { parseConfig } from "../core/config.js";
import { warnOfConfiguration } from "./configuration.js";
import { environmentHelp } from "./environment-help.js";
import { StopSignal } from "./stop-signal.js";

export function workerCommand(): Command {
  return new Command("worker")
    .summary("train the runs of a server, over the same database and home folder")
    .description(
      "Trains the runs of a server in a process of its own, on the same machine or on another one. It needs the " +
        "server's DATABASE_URL, and the server's home folder as ESPALIER_HOME. The embedded PostgreSQL is " +
        "for the server alone: set DATABASE_URL to a PostgreSQL of your own for both. Ctrl-C stops it after the current " +
        "step; its run continues in another worker.",
    )
    .option(
      "--json-ready",
      "print one line of JSON on standard output when the worker waits for runs, and stop when standard input closes",
    )
    .addHelpText("after", environmentHelp("worker"))
    .action(work);
}

async function work({ jsonReady = false }: Readonly<{ jsonReady?: boolean }>): Promise<void> {
  const [{ startWorker }, { createLog }] = await Promise.all([
    import("../app/worker.js"),
    import("../telemetry/log.js"),
  ]);
  const config = parseConfig(process.env);
  const log = createLog(config.logLevel);
  await warnOfConfiguration(process.env, config, log);
  using stop = new StopSignal({ withStandardInput: jsonReady });
  await using worker = await startWorker(config, {
    log,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  if (jsonReady) process.stdout.write(`${JSON.stringify({ device: worker.device })}\n`);
  else
    process.stderr.write(`\nTraining runs on ${worker.device}. Ctrl-C stops it after the current step.\n\n`);
  await stop.requested;
  process.stderr.write("Stopping. A run that is training is saved and continues in another worker.\n");
}

import { startWorker } from "../app/worker.js";
import { parseConfig } from "../core/config.js";
import { createLog } from "../telemetry/log.js";
import { parseFlag } from "./command.js";
import { stopSignal } from "./stop-signal.js";

export async function run(args: readonly string[]): Promise<number> {
  const jsonReady = parseFlag(args, "--json-ready");
  const config = parseConfig(process.env);
  const stopRequested = stopSignal({ withStandardInput: jsonReady });
  await using worker = await startWorker(config, {
    log: createLog(config.logLevel),
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  if (jsonReady) process.stdout.write(`${JSON.stringify({ device: worker.device })}\n`);
  else
    process.stderr.write(`\nTraining runs on ${worker.device}. Ctrl-C stops after the step under way.\n\n`);
  await stopRequested;
  process.stderr.write("Stopping. A run under way is saved and goes on in another worker.\n");
  return 0;
}

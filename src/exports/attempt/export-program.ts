/** The program of the process that carries out one export; see `export-process.ts`. */
import { setPriority } from "node:os";
import { AppError, explainError } from "../../core/app-error.js";
import { createLog } from "../../telemetry/log.js";
import { carryOut } from "./carry-out.js";
import { translateDiskFull } from "./disk-full.js";
import { EXPORT_START, type ExportMessage } from "./messages.js";

/** As `nice` counts: above 0 is lower. Threads inherit it. */
const LOWERED_PRIORITY = 10;

// The server that started this process, or its death, ends it. A signal to the whole group of processes, as from Ctrl-C,
// must not end it first: the export would count as failed.
process.once("disconnect", () => process.exit(1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
setPriority(LOWERED_PRIORITY);
process.once("message", (message: unknown) => {
  void answer(message).then(send);
});

async function answer(message: unknown): Promise<ExportMessage> {
  try {
    const { job, logLevel } = EXPORT_START.parse(message);
    const outcome = await carryOut(job, {
      log: createLog(logLevel).child({ engine: "export" }),
      onProgress: (stage, imagesDone, imagesTotal) =>
        send({ kind: "progress", stage, imagesDone, imagesTotal }),
      onLine: (line) => send({ kind: "line", line }),
    });
    return { kind: "outcome", outcome };
  } catch (thrown) {
    const error = translateDiskFull(thrown);
    if (error instanceof AppError) return { kind: "failure", code: error.code, message: error.message };
    return { kind: "fault", explanation: explainError(error) };
  }
}

function send(message: ExportMessage): void {
  process.send?.(message);
}

/** The program of the process that carries out one export; see `export-process.ts`. */
import { createLog } from "../../telemetry/log.js";
import { answerRequests, sendLine, sendMessage } from "../processes/program.js";
import { carryOut } from "./carry-out.js";
import { translateDiskFull } from "./disk-full.js";
import type { ExportOutcome } from "./job.js";
import { EXPORT_START, type ExportMessage, type ExportStart } from "./messages.js";

answerRequests(EXPORT_START, async (start) => {
  sendMessage<ExportMessage>({ kind: "outcome", outcome: await outcomeOf(start) });
});

async function outcomeOf({ job, logLevel }: ExportStart): Promise<ExportOutcome> {
  try {
    return await carryOut(job, {
      log: createLog(logLevel).child({ engine: "export" }),
      onProgress: (stage, imagesDone, imagesTotal) =>
        sendMessage<ExportMessage>({ kind: "progress", stage, imagesDone, imagesTotal }),
      onLine: sendLine,
    });
  } catch (error) {
    throw translateDiskFull(error);
  }
}

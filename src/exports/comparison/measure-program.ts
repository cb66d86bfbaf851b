/** The program of the process that measures one model version or export; see `model-measurer.ts`. */
import { hasCode } from "../../core/app-error.js";
import { createLog } from "../../telemetry/log.js";
import { answerRequests, sendLine, sendMessage } from "../processes/program.js";
import { MeasuredModel } from "./measured-model.js";
import { MEASURE_REQUEST, type MeasureAnswer, type MeasureRequest } from "./messages.js";
import { peakMemoryBytes } from "./peak-memory.js";

/** It stays open until the process is killed. */
let model: MeasuredModel | null = null;

answerRequests(MEASURE_REQUEST, async (request) => sendMessage<MeasureAnswer>(await answerTo(request)));

async function answerTo(request: MeasureRequest): Promise<MeasureAnswer> {
  if (request.kind === "open") return open(request);
  if (model === null) throw new Error("The first request must be to open a model.");
  if (request.kind === "time") {
    return { kind: "timed", milliseconds: await model.time(request.batchSize, request.runs) };
  }
  return { kind: "classified", ...(await model.classify()), peakMemoryBytes: await peakMemoryBytes() };
}

async function open({
  subject,
  logLevel,
}: Extract<MeasureRequest, { readonly kind: "open" }>): Promise<MeasureAnswer> {
  const log = createLog(logLevel).child({ engine: "comparison" });
  try {
    model = await MeasuredModel.open(subject, { log, onLine: sendLine });
  } catch (error) {
    if (hasCode(error, "RUNTIME_UNAVAILABLE")) return { kind: "unavailable", reason: error.message };
    throw error;
  }
  return { kind: "opened", runtime: model.runtime.name, runtimeVersion: model.runtime.version };
}

import { setPriority } from "node:os";
import type { z } from "zod";
import { AppError, explainError } from "../../core/app-error.js";
import type { ProgramMessage } from "./messages.js";

/** As `nice` counts: above 0 is lower. Threads inherit it. */
const LOWERED_PRIORITY = 10;

/**
 * Answers the requests of the server that started this process, with a lowered priority; see `ProgramProcess`. An error
 * of `answer` is reported to the server.
 */
export function answerRequests<Request>(
  requests: z.ZodType<Request>,
  answer: (request: Request) => Promise<void>,
): void {
  // The server that started this process, or its death, ends it. A signal to the whole group of processes, as from Ctrl-C,
  // must not end it first: the work would count as failed.
  process.once("disconnect", endGroup);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  setPriority(LOWERED_PRIORITY);
  const answerOne = async (message: unknown): Promise<void> => answer(requests.parse(message));
  process.on("message", (message: unknown) => {
    void answerOne(message).catch(reportError);
  });
}

/** Ends this process and those that it started, such as a foreign runtime that hangs. */
function endGroup(): void {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.exit(1); // It is in the group of another process.
  }
}

/** Sends a message to the server that started this process. */
export function sendMessage<Message>(message: Message | ProgramMessage): void {
  // A server that has died takes no message, and its death ends this process.
  process.send?.(message, undefined, undefined, () => {});
}

/** Sends a line for a person. */
export function sendLine(line: string): void {
  sendMessage({ kind: "line", line });
}

function reportError(error: unknown): void {
  if (error instanceof AppError) sendMessage({ kind: "failure", code: error.code, message: error.message });
  else sendMessage({ kind: "fault", explanation: explainError(error) });
}

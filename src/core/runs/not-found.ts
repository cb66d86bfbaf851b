import { AppError } from "../app-error.js";

/** The error of a mutation or a subscription whose `runId` names no run. */
export function runNotFound(runId: string): AppError {
  return new AppError("RUN_NOT_FOUND", `There is no run with the id ${JSON.stringify(runId)}.`, {
    path: ["runId"],
  });
}

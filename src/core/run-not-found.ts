import { AppError } from "./app-error.js";

/** For a mutation or a subscription whose `runId` names nothing. */
export function runNotFound(runId: string): AppError {
  return new AppError("RUN_NOT_FOUND", `There is no run with the id ${JSON.stringify(runId)}.`, {
    path: ["runId"],
  });
}

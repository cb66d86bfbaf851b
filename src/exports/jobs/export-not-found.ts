import { AppError } from "../../core/app-error.js";

export function exportNotFound(exportId: string): AppError {
  return new AppError(
    "EXPORT_NOT_FOUND",
    `There is no export with the id ${JSON.stringify(exportId.slice(0, 100))}.`,
    { path: ["exportId"] },
  );
}

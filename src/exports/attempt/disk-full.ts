import { AppError } from "../../core/app-error.js";
import { isLackOfRoom } from "../../lang/disk-trouble.js";

/** The error that a person sees instead of `error`: an AppError where the disk has no room. */
export function translateDiskFull(error: unknown): unknown {
  if (error instanceof AppError || !isLackOfRoom(error)) return error;
  return new AppError(
    "DISK_FULL",
    "The disk of the home folder has no room for the export, of which nothing was kept. Free some space and export again.",
    { cause: error },
  );
}

import { AppError, hasCode } from "../../core/app-error.js";
import { isLackOfRoom } from "../../lang/disk-trouble.js";

/** The error that a person sees instead of `error`: an AppError where the disk of the home folder has no room. */
export function translateDiskFull(error: unknown): unknown {
  // The engine says in its own words what the system told it. Other AppErrors may be about another disk.
  const isOther = error instanceof AppError && !hasCode(error, "ENGINE_ERROR");
  if (isOther || !isLackOfRoom(error)) return error;
  return new AppError(
    "DISK_FULL",
    "The disk of the home folder has no room for the export, of which nothing was kept. Free some space and export again.",
    { cause: error },
  );
}

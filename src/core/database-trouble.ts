import { hasCode } from "./app-error.js";

/** Whether work failed because of the database, for a reason that can pass, so that it may be tried again later. */
export function isDatabaseTrouble(error: unknown): boolean {
  return hasCode(error, "DATABASE_UNREACHABLE", "DATABASE_READ_ONLY", "DATABASE_CONFLICT");
}

import { AppError } from "../../core/app-error.js";
import { isName } from "../../core/name.js";

/** The largest `Int` of GraphQL and Postgres. */
const MAX_NUMBER = 2 ** 31 - 1;

/** @throws AppError `NAME_INVALID` with path `["dataset"]` */
export function checkDatasetName(name: string): void {
  if (isName(name)) return;
  throw new AppError(
    "NAME_INVALID",
    `A dataset's name has 1 to 63 letters, digits, ".", "_" or "-" and starts with a letter or a digit. ` +
      `Received ${JSON.stringify(name.slice(0, 100))}.`,
    { path: ["dataset"] },
  );
}

/** "flowers:3" or "flowers" (number null); null when the text is neither. */
export function parseDatasetRef(ref: string): { name: string; number: number | null } | null {
  const [, name = "", number] = /^([^:]+)(?::([1-9][0-9]{0,9}))?$/.exec(ref) ?? [];
  if (!isName(name)) return null;
  if (number === undefined) return { name, number: null };
  return Number(number) <= MAX_NUMBER ? { name, number: Number(number) } : null;
}

import { isStorableText } from "../lang/text/storable-text.js";
import { AppError } from "./app-error.js";

/** The sort key of one row of a keyset-ordered list, in the order of the sort columns. A bigint is kept as text. */
export type CursorKey = readonly (string | number | null)[];

/** Encodes the key of a row as opaque text: base64url of its JSON. */
export function encodeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key), "utf8").toString("base64url");
}

/**
 * Decodes the key inside a cursor that a client sent back.
 *
 * @param parts the type of each part of the key, in order; it belongs to the list, and every cursor of the list must fit
 * @param argument that the client passed the cursor as
 * @throws AppError `CURSOR_INVALID` for anything that `encodeCursor` did not make for this list
 */
export function decodeCursor<const Parts extends readonly CursorPart[]>(
  cursor: string,
  parts: Parts,
  argument: "after" | "before" = "after",
): CursorValues<Parts> {
  const key = parseKey(cursor);
  const fits =
    key !== null &&
    key.length === parts.length &&
    parts.every((part, index) => CURSOR_PART_CHECKS[part](key[index]));
  if (!fits) {
    throw new AppError(
      "CURSOR_INVALID",
      `A cursor must be one that this list returned. Received ${JSON.stringify(cursor.slice(0, 100))}. ` +
        `Leave \`${argument}\` out to start from the ${argument === "after" ? "beginning" : "end"}.`,
      { path: [argument] },
    );
  }
  return key as CursorValues<Parts>;
}

/** Keys whose parts have these types. */
export type CursorValues<Parts extends readonly CursorPart[]> = {
  -readonly [Index in keyof Parts]: CursorPartType[Parts[Index]];
};

interface CursorPartType {
  string: string;
  /** A whole number that JSON keeps exactly. */
  integer: number;
  /** A finite number, or null where a sort column is null. */
  numberOrNull: number | null;
  /** An ISO 8601 time in UTC with milliseconds, as `Date.toISOString` writes it. */
  time: string;
}
export type CursorPart = keyof CursorPartType;

const CURSOR_PART_CHECKS: Record<CursorPart, (value: unknown) => boolean> = {
  // PostgreSQL accepts no other text, so such a cursor would fail later.
  string: (value) => typeof value === "string" && isStorableText(value),
  integer: (value) => Number.isSafeInteger(value),
  numberOrNull: (value) => value === null || (typeof value === "number" && Number.isFinite(value)),
  time: (value) => typeof value === "string" && isIsoTime(value),
};

/** Years from 1 to 9999: PostgreSQL reads no others in this form. */
function isIsoTime(value: string): boolean {
  if (!/^(?!0000)\d{4}-/.test(value)) return false;
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString() === value;
}

function parseKey(cursor: string): readonly unknown[] | null {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return null;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(key) ? key : null;
  } catch {
    return null;
  }
}

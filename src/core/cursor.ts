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
 * @param shape the type of each part, in order; it belongs to the list, and every cursor of the list must fit it
 * @throws AppError `CURSOR_INVALID` for anything that `encodeCursor` did not make for this list
 */
export function decodeCursor<const S extends readonly CursorPart[]>(
  cursor: string,
  shape: S,
): { -readonly [I in keyof S]: CursorPartType[S[I]] } {
  const key = parseKey(cursor);
  const fits =
    key !== null &&
    key.length === shape.length &&
    shape.every((part, index) => CURSOR_PART_CHECKS[part](key[index]));
  if (!fits) {
    throw new AppError(
      "CURSOR_INVALID",
      `A cursor must be one that this list returned. Received ${JSON.stringify(cursor.slice(0, 100))}. ` +
        "Leave `after` out to start from the beginning.",
      { path: ["after"] },
    );
  }
  return key as { -readonly [I in keyof S]: CursorPartType[S[I]] };
}

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
  // PostgreSQL accepts no NUL in text, so such a cursor would fail later.
  string: (value) => typeof value === "string" && !value.includes("\0"),
  integer: (value) => Number.isSafeInteger(value),
  numberOrNull: (value) => value === null || (typeof value === "number" && Number.isFinite(value)),
  time: (value) => typeof value === "string" && isIsoTime(value),
};

function isIsoTime(value: string): boolean {
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

import { type CursorPart, type CursorValues, decodeCursor, encodeCursor } from "./cursor.js";
import type { Page, PageRequest } from "./page.js";

/**
 * The key of a list's rows. Rows are ordered by their keys, which are unique, so a page can begin right after a key
 * even when its row is gone or rows were added meanwhile.
 */
export interface Keyset<Row, Key> {
  cursorOf(row: Row): string;
  /** @throws AppError `CURSOR_INVALID`, with `argument` as its path */
  keyOf(cursor: string, argument: "after" | "before"): Key;
}

/** One end of a range of rows. */
export interface KeyBound<Key> {
  readonly key: Key;
  /** Whether the row with this key belongs to the range. */
  readonly inclusive: boolean;
}

/** Which rows of a list to read: of those between two keys, the first `limit`, or the last when `backward`. */
export interface KeyRange<Key> {
  /** Null reads from the beginning of the list. */
  readonly after: KeyBound<Key> | null;
  /** Null reads to the end of the list. */
  readonly before: KeyBound<Key> | null;
  /** Whether rows are read, and returned, from the end of the range to its beginning. */
  readonly backward: boolean;
  readonly limit: number;
}

export type SortDirection = "asc" | "desc";

export interface KeyComparison<Key> {
  readonly operator: "<" | "<=" | ">" | ">=";
  readonly key: Key;
}

/**
 * Returns the comparisons that a row's key must pass to lie in a range.
 *
 * @param direction of the list
 */
export function keyComparisons<Key>(
  { after, before }: KeyRange<Key>,
  direction: SortDirection,
): readonly KeyComparison<Key>[] {
  const compared = (bound: KeyBound<Key> | null, sign: "<" | ">"): readonly KeyComparison<Key>[] =>
    bound === null ? [] : [{ operator: bound.inclusive ? `${sign}=` : sign, key: bound.key }];
  const ascends = direction === "asc";
  return [...compared(after, ascends ? ">" : "<"), ...compared(before, ascends ? "<" : ">")];
}

/** Returns the direction in which a range of a list is read. */
export function readDirection(
  { backward }: Pick<KeyRange<unknown>, "backward">,
  direction: SortDirection,
): SortDirection {
  return (direction === "asc") !== backward ? "asc" : "desc";
}

/** A keyset whose cursors hold the values of a row's key, in the order of the sort. */
export function keysetOf<Row, const Parts extends readonly CursorPart[]>(
  parts: Parts,
  valuesOf: (row: Row) => CursorValues<Parts>,
): Keyset<Row, CursorValues<Parts>> {
  return {
    cursorOf: (row) => encodeCursor(valuesOf(row)),
    keyOf: (cursor, argument) => decodeCursor(cursor, parts, argument),
  };
}

/**
 * Reads one page of a list.
 *
 * @param read returns the rows of a range, nearest to where reading begins first
 * @throws AppError `CURSOR_INVALID`
 */
export async function readPage<Row, Key>(
  request: PageRequest,
  keyset: Keyset<Row, Key>,
  read: (range: KeyRange<Key>) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const after = keyIn(request.after, "after", keyset);
  const before = keyIn(request.before, "before", keyset);
  const backward = request.last !== undefined;
  const size = backward ? request.last : request.first;

  // One row more than the page holds tells whether the list goes on.
  const rows = await read({ after: outside(after), before: outside(before), backward, limit: size + 1 });
  const ofPage = rows.slice(0, size);
  if (backward) ofPage.reverse();
  const goesOn = async () => rows.length > size;

  // The page begins at a cursor that lies on its other side, or at an end of the list.
  const origin = backward ? before : after;
  const hasItemsBehind = async (): Promise<boolean> => {
    if (origin === null) return false;
    const behind = backward
      ? { after: inside(origin), before: null, backward: false, limit: 1 }
      : { after: null, before: inside(origin), backward: true, limit: 1 };
    return (await read(behind)).length > 0;
  };
  return {
    items: ofPage.map((node) => ({ cursor: keyset.cursorOf(node), node })),
    hasNextPage: backward ? hasItemsBehind : goesOn,
    hasPreviousPage: backward ? goesOn : hasItemsBehind,
  };
}

interface Boxed<Key> {
  readonly key: Key;
}

function keyIn<Key>(
  cursor: string | null | undefined,
  argument: "after" | "before",
  keyset: Keyset<never, Key>,
): Boxed<Key> | null {
  return cursor === null || cursor === undefined ? null : { key: keyset.keyOf(cursor, argument) };
}

function outside<Key>(boxed: Boxed<Key> | null): KeyBound<Key> | null {
  return boxed === null ? null : { ...boxed, inclusive: false };
}

function inside<Key>(boxed: Boxed<Key>): KeyBound<Key> {
  return { ...boxed, inclusive: true };
}

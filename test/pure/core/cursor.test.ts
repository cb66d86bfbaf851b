import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { decodeCursor, encodeCursor } from "../../../src/core/cursor.js";

function isRefused(cursor: string): boolean {
  try {
    decodeCursor(cursor, ["time", "string"]);
    return false;
  } catch (error) {
    return error instanceof AppError && error.code === "CURSOR_INVALID" && error.path[0] === "after";
  }
}

test("a cursor gives back the key it was made of, and tells nothing by its looks", () => {
  const key = ["2026-01-02T03:04:05.678Z", "ds_ü"];
  const cursor = encodeCursor(key);
  assert.match(cursor, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(decodeCursor(cursor, ["time", "string"]), key);
  assert.deepEqual(decodeCursor(encodeCursor([null, "x"]), ["numberOrNull", "string"]), [null, "x"]);
  assert.deepEqual(decodeCursor(encodeCursor([0.5, 7]), ["numberOrNull", "integer"]), [0.5, 7]);
});

test("a cursor that no such list made is refused", () => {
  const cursors = [
    "",
    "not a cursor",
    "*",
    encodeCursor([]),
    encodeCursor(["2026-01-02T03:04:05.678Z"]),
    encodeCursor(["2026-01-02T03:04:05.678Z", "x", "y"]),
    encodeCursor(["2026-01-02T03:04:05.678Z", 1]),
    encodeCursor(["yesterday", "x"]),
    encodeCursor(["2026-01-02", "x"]),
    encodeCursor(["2026-01-02T03:04:05.678Z", "nul \0"]),
    encodeCursor(["2026-01-02T03:04:05.678Z", "\ud800"]),
    encodeCursor(["0000-01-01T00:00:00.000Z", "x"]),
    encodeCursor(["-000001-01-01T00:00:00.000Z", "x"]),
    encodeCursor(["+275760-01-01T00:00:00.000Z", "x"]),
    Buffer.from(`{"0":"x"}`).toString("base64url"),
    Buffer.from("[").toString("base64url"),
  ];
  for (const cursor of cursors) assert.ok(isRefused(cursor), cursor);
  assert.throws(() => decodeCursor(encodeCursor([1.5]), ["integer"]), AppError);
  assert.throws(() => decodeCursor(Buffer.from("[1e999]").toString("base64url"), ["numberOrNull"]), AppError);
});

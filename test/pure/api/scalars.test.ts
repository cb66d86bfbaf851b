import assert from "node:assert/strict";
import { test } from "node:test";
import { DateTime, SafeInt } from "../../../src/api/scalars.js";

test("times are written in UTC with milliseconds", () => {
  assert.equal(DateTime.serialize(new Date("2026-01-31T13:00:00+01:00")), "2026-01-31T12:00:00.000Z");
});

test("times are read with any offset, and other text is refused", () => {
  const read = DateTime.parseValue("2026-01-31T13:00:00.5+01:00") as unknown as Date;
  assert.equal(read.toISOString(), "2026-01-31T12:00:00.500Z");
  for (const wrong of ["yesterday", "2026-13-01T00:00:00Z", "2026-01-31", 12, null]) {
    assert.throws(() => DateTime.parseValue(wrong), String(wrong));
  }
});

test("whole numbers up to 2^53 - 1 are exact, and larger ones are refused", () => {
  assert.equal(SafeInt.serialize(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  assert.equal(SafeInt.parseValue(20 * 1024 ** 3), 20 * 1024 ** 3);
  for (const wrong of [2 ** 53, 0.5, Number.NaN, "many"])
    assert.throws(() => SafeInt.parseValue(wrong), String(wrong));
});

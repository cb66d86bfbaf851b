import assert from "node:assert/strict";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";

/** The greatest difference of two float32 tensors of one size. */
export function greatestDifference(a: TensorValue | undefined, b: TensorValue | undefined): number {
  assert.ok(a?.data instanceof Float32Array && b?.data instanceof Float32Array);
  assert.equal(a.data.length, b.data.length);
  const other = b.data;
  return a.data.reduce((greatest, value, index) => {
    const difference = Math.abs(value - (other[index] ?? Number.NaN));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(greatest, difference);
  }, 0);
}

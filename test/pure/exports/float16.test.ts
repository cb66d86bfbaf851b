import assert from "node:assert/strict";
import { test } from "node:test";
import { toFloat16 } from "../../../src/exports/network/float16.js";

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function decode(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** The bits of the finite float16 that are not negative, in the order of their values. */
const MAGNITUDES = Array.from({ length: 0x7c00 }, (_, bits) => bits);

function rounded(values: readonly number[]): number[] {
  return [...toFloat16(Float32Array.from(values))];
}

/** The float32 before (-1) or behind (1) a positive one. */
function beside(value: number, step: -1 | 1): number {
  const single = Float32Array.of(value);
  const bits = new Uint32Array(single.buffer);
  bits[0]! += step;
  return single[0]!;
}

test("each float16 is rounded to itself, with either sign", () => {
  assert.deepEqual(rounded(MAGNITUDES.map(decode)), MAGNITUDES);
  const negative = MAGNITUDES.map((bits) => bits | 0x8000);
  assert.deepEqual(rounded(negative.map(decode)), negative);
});

test("a value in the middle of two float16 is rounded to the even one, and others to the nearest", () => {
  const pairs = MAGNITUDES.slice(0, -1);
  // Exact in float32, whose fraction has 13 bits more.
  const middles = pairs.map((bits) => (decode(bits) + decode(bits + 1)) / 2);
  assert.deepEqual(
    rounded(middles),
    pairs.map((bits) => (bits % 2 === 0 ? bits : bits + 1)),
  );
  assert.deepEqual(rounded(middles.map((middle) => beside(middle, -1))), pairs);
  assert.deepEqual(
    rounded(middles.map((middle) => beside(middle, 1))),
    pairs.map((bits) => bits + 1),
  );
});

test("values beyond the range become the greatest finite float16", () => {
  assert.deepEqual(rounded([65504, 65519.99, 65520, 1e6, 3.4e38]), [0x7bff, 0x7bff, 0x7bff, 0x7bff, 0x7bff]);
  assert.deepEqual(rounded([-65504, -65520, -3.4e38]), [0xfbff, 0xfbff, 0xfbff]);
});

test("values too small for float16 become zero, with their sign", () => {
  assert.deepEqual(rounded([0, -0, 2 ** -26, -(2 ** -26), 1e-40, 2 ** -149]), [0, 0x8000, 0, 0x8000, 0, 0]);
});

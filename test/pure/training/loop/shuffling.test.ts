import assert from "node:assert/strict";
import { test } from "node:test";
import { epochOrder, xoshiro128 } from "../../../../src/training/loop/shuffling.js";

const POSITIONS = Int32Array.from({ length: 1000 }, (_value, index) => index * 3);

test("an epoch uses every image once", () => {
  assert.deepEqual(epochOrder(POSITIONS, 7, 3).toSorted(), POSITIONS);
});

test("the same seed and epoch give the same order", () => {
  assert.deepEqual(epochOrder(POSITIONS, 7, 3), epochOrder(POSITIONS, 7, 3));
});

test("another epoch or another seed gives another order", () => {
  const inPlace = (a: Int32Array, b: Int32Array): number =>
    a.filter((value, index) => value === b[index]).length;
  const order = epochOrder(POSITIONS, 7, 3);
  for (const other of [
    epochOrder(POSITIONS, 7, 4),
    epochOrder(POSITIONS, 8, 3),
    epochOrder(POSITIONS, 3, 7),
  ]) {
    assert.ok(inPlace(order, other) < 10);
  }
});

test("the order of an epoch is the same in every release, because resumed runs depend on it", () => {
  assert.deepEqual(
    [...epochOrder(Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 42, 1)],
    [4, 2, 1, 6, 3, 7, 0, 8, 9, 5],
  );
});

test("every image comes first equally often", () => {
  const firsts = new Array<number>(5).fill(0);
  for (let epoch = 1; epoch <= 10_000; epoch++) {
    const [first = 0] = epochOrder(Int32Array.of(0, 1, 2, 3, 4), 1, epoch);
    firsts[first] = (firsts[first] ?? 0) + 1;
  }
  // 2000 expected, standard deviation 40.
  for (const count of firsts) assert.ok(Math.abs(count - 2000) < 200, `came first ${count} times`);
});

test("the generator returns 32 bits with equal probabilities", () => {
  const random = xoshiro128(0, 0);
  const ones = new Array<number>(32).fill(0);
  for (let draw = 0; draw < 10_000; draw++) {
    const value = random();
    assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
    for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] ?? 0) + ((value >>> bit) & 1);
  }
  for (const count of ones) assert.ok(Math.abs(count - 5000) < 300);
});

test("a few images, or none, can be shuffled", () => {
  assert.deepEqual([...epochOrder(Int32Array.of(), 0, 1)], []);
  assert.deepEqual([...epochOrder(Int32Array.of(5), 0, 1)], [5]);
});

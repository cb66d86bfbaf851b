import assert from "node:assert/strict";

/** Fails at the first value that differs. `deepEqual` takes minutes to show the difference of whole images. */
export function assertSamePixels(
  actual: readonly number[],
  expected: readonly number[],
  what = "the image",
): void {
  assert.equal(actual.length, expected.length, `values of ${what}`);
  const at = actual.findIndex((value, index) => value !== expected[index]);
  assert.equal(at, -1, `${what} has ${actual[at]} at ${at}, where ${expected[at]} was expected`);
}

/** Compares several images by their positions in the list. */
export function assertSameImages(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  what = "images",
): void {
  assert.equal(actual.length, expected.length, `number of ${what}`);
  for (const [index, pixels] of actual.entries()) {
    assertSamePixels(pixels, expected[index] ?? [], `number ${index} of ${what}`);
  }
}

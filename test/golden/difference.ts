import type { Fingerprint } from "./golden-formula.js";

/** The maximum absolute difference of two lists of numbers; NaN when either contains NaN. */
export function greatestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`Expected ${expected.length} numbers. Received ${actual.length}.`);
  }
  let greatest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    // Written so that NaN becomes the maximum and stays it.
    if (!(difference <= greatest)) greatest = difference;
  }
  return greatest;
}

/** The maximum difference as a fraction of the maximum expected value; 0 when both are all zero. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return partOf(greatestDifference(actual, expected), magnitude(expected));
}

/**
 * The distance of two tensors by their fingerprints: norm and projection as fractions of the expected norm, samples
 * and maximum as fractions of the expected maximum; the maximum of the four.
 */
export function fingerprintDifference(actual: Fingerprint, expected: Fingerprint): number {
  const parts = [
    partOf(Math.abs(actual.norm - expected.norm), expected.norm),
    partOf(Math.abs(actual.projection - expected.projection), expected.norm),
    partOf(Math.abs(actual.maximum - expected.maximum), expected.maximum),
    partOf(greatestDifference(actual.samples, expected.samples), expected.maximum),
  ];
  return parts.some(Number.isNaN) ? Number.NaN : Math.max(...parts);
}

function partOf(difference: number, whole: number): number {
  return difference === 0 ? 0 : difference / whole;
}

function magnitude(values: ArrayLike<number>): number {
  return greatestDifference(values, new Float32Array(values.length));
}

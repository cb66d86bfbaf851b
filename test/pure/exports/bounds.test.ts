import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_BOUNDS, outsideBounds } from "../../../src/exports/bounds.js";
import type { MeasuredProof } from "../../../src/exports/proof.js";

const PROOF: MeasuredProof = {
  status: "PROVEN",
  runtime: "LiteRT",
  runtimeVersion: "2.3.0",
  split: "TEST",
  imageCount: 1000,
  maximumProbabilityDifference: 0,
  maximumLogitDifference: null,
  top1Agreement: 1,
  accuracy: 0.75,
  originalAccuracy: 0.75,
  millisecondsPerImage: 1,
  originalMillisecondsPerImage: 1,
};

test("a file that gives the same predictions is within every default bound", () => {
  for (const bounds of Object.values(DEFAULT_BOUNDS)) assert.deepEqual(outsideBounds(PROOF, bounds), []);
});

for (const [precision, within, outside] of [
  ["FLOAT32", { maximumProbabilityDifference: 1e-4 }, { maximumProbabilityDifference: 1.1e-4 }],
  ["FLOAT32", { top1Agreement: 1 }, { top1Agreement: 0.999 }],
  ["FLOAT16", { top1Agreement: 0.995 }, { top1Agreement: 0.994 }],
  ["INT8", { top1Agreement: 0.98 }, { top1Agreement: 0.979 }],
  ["INT8", { accuracy: 0.746 }, { accuracy: 0.744 }],
] as const) {
  test(`${precision} allows ${JSON.stringify(within)} and rejects ${JSON.stringify(outside)}`, () => {
    const bounds = DEFAULT_BOUNDS[precision];
    assert.deepEqual(outsideBounds({ ...PROOF, ...within }, bounds), []);
    const reasons = outsideBounds({ ...PROOF, ...outside }, bounds);
    assert.equal(reasons.length, 1);
    assert.match(reasons[0] ?? "", /\d/);
  });
}

test("an accuracy that is lower by exactly the bound is within it, although fractions are rounded", () => {
  const proof = { ...PROOF, accuracy: 0.7, originalAccuracy: 0.705 };
  assert.deepEqual(outsideBounds(proof, DEFAULT_BOUNDS.INT8), []);
});

test("figures that are no numbers are outside the bounds", () => {
  const proof = { ...PROOF, top1Agreement: Number.NaN, accuracy: Number.NaN };
  assert.equal(outsideBounds(proof, DEFAULT_BOUNDS.INT8).length, 2);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { OutputComparison } from "../../../src/exports/proving/prove.js";

const image = (classIndex: number) => ({ contentHash: "", classIndex });

function outputs(probabilities: readonly number[], logits: readonly number[] | null = null) {
  return {
    probabilities: Float32Array.from(probabilities),
    logits: logits === null ? null : Float32Array.from(logits),
  };
}

test("a proof counts agreement and both accuracies over all batches", () => {
  const comparison = new OutputComparison();
  // Right in both, and right in the original alone.
  comparison.add(outputs([0.75, 0.25, 0.25, 0.75]), outputs([0.5, 0.25, 0.75, 0.25]), [image(0), image(1)]);
  // Wrong in both.
  comparison.add(outputs([0.75, 0.25]), outputs([0.75, 0.25]), [image(1)]);
  assert.deepEqual(comparison.figures, {
    imageCount: 3,
    maximumProbabilityDifference: 0.5,
    maximumLogitDifference: null,
    top1Agreement: 2 / 3,
    accuracy: 1 / 3,
    originalAccuracy: 2 / 3,
  });
});

test("of equally probable classes the first one is the most probable", () => {
  const comparison = new OutputComparison();
  comparison.add(outputs([0.5, 0.5]), outputs([0.5, 0.5]), [image(0)]);
  assert.deepEqual([comparison.figures.accuracy, comparison.figures.top1Agreement], [1, 1]);
});

test("logits are compared where both have them", () => {
  const comparison = new OutputComparison();
  comparison.add(outputs([1, 0], [4, 0]), outputs([1, 0], [3.5, 0.25]), [image(0)]);
  assert.equal(comparison.figures.maximumLogitDifference, 0.5);
});

test("a file that gives no numbers differs by 1, and agrees with nothing", () => {
  const comparison = new OutputComparison();
  comparison.add(outputs([0.75, 0.25], [1, 0]), outputs([Number.NaN, Number.NaN], [Number.NaN, 0]), [
    image(0),
  ]);
  const { maximumProbabilityDifference, maximumLogitDifference, top1Agreement, accuracy } =
    comparison.figures;
  assert.deepEqual([maximumProbabilityDifference, top1Agreement, accuracy], [1, 0, 0]);
  assert.equal(maximumLogitDifference, Number.MAX_VALUE);
});

test("a file with another number of classes is no proof", () => {
  const comparison = new OutputComparison();
  assert.throws(
    () => comparison.add(outputs([0.75, 0.25]), outputs([1, 0, 0]), [image(0)]),
    /Expected 2 probabilities. Received 3/,
  );
});

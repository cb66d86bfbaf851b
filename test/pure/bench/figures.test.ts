import assert from "node:assert/strict";
import { test } from "node:test";
import { rounded } from "../../../bench/figures/rounded.js";
import { wilsonInterval } from "../../../bench/figures/wilson-interval.js";
import { StepTimes } from "../../../bench/runs/step-times.js";
import { median } from "../../../src/lang/median.js";

test("steps are timed between marks, after the warm-up and never across epochs", () => {
  const times = new StepTimes(2);
  const measured = [
    { epoch: 1, step: 1, atMs: 9_000 }, // slow first step
    { epoch: 1, step: 2, atMs: 10_000 },
    { epoch: 1, step: 3, atMs: 10_500 },
    { epoch: 1, step: 3, atMs: 10_700 }, // the same mark again
    { epoch: 1, step: 5, atMs: 11_300 },
    { epoch: 2, step: 1, atMs: 15_000 }, // after validation
    { epoch: 2, step: 2, atMs: 15_600 },
  ].map((mark) => times.observe(mark));
  assert.deepEqual(measured, [0, 0, 1, 0, 2, 0, 1]);
  assert.deepEqual(times.values, [0.5, 0.4, 0.4, 0.6]);
});

test("the median is the middle value or the mean of the two middle values", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test("figures are rounded to four digits, bytes and counts are not", () => {
  assert.equal(rounded(2.48123), 2.481);
  assert.equal(rounded(0.000123456), 0.0001235);
  assert.equal(rounded(4_103_123_456), 4_103_123_456);
});

for (const [successes, trials, low, high] of [
  // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
  [81, 263, "0.2553", "0.3662"],
  [15, 148, "0.0624", "0.1605"],
  [0, 20, "0.0000", "0.1611"],
  [1, 29, "0.0061", "0.1718"],
] as const) {
  test(`the confidence interval of ${successes} of ${trials} is Wilson's`, () => {
    const interval = wilsonInterval(successes, trials);
    assert.deepEqual([interval.low.toFixed(4), interval.high.toFixed(4)], [low, high]);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { wilsonInterval } from "../../../src/core/metrics/wilson-interval.js";

test("the interval of an accuracy is that of SciPy's binomtest with the method wilson", () => {
  for (const [right, samples, lower, upper] of [
    [0, 10, 0, 0.2775327998628892],
    [10, 10, 0.7224672001371107, 1],
    [45, 50, 0.7863976856252034, 0.9565242350681096],
    [700, 1000, 0.6708761390827828, 0.7275931575229951],
  ] as const) {
    const interval = wilsonInterval(right / samples, samples);
    assert.ok(Math.abs(interval.lower - lower) < 1e-12, `${right} of ${samples}: ${interval.lower}`);
    assert.ok(Math.abs(interval.upper - upper) < 1e-12, `${right} of ${samples}: ${interval.upper}`);
  }
  assert.deepEqual(wilsonInterval(0, 0), { lower: 0, upper: 1 });
});

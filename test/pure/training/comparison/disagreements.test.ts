import assert from "node:assert/strict";
import { test } from "node:test";
import { compareClasses } from "../../../../src/training/comparison/class-comparison.js";
import { findDisagreements, indicesIn } from "../../../../src/training/comparison/disagreements.js";
import type { Predictions } from "../../../../src/training/evaluation/predictions.js";

test("runs disagree exactly on the images that one predicts correctly and the other wrongly", () => {
  const labels = [0, 1, 2, 0, 1];
  //                               both right, first wrong, both wrong, second wrong, both right
  const first = predictionsOf(labels, [0, 2, 0, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.5]);
  const second = predictionsOf(labels, [0, 1, 1, 2, 1], [0.4, 0.3, 0.2, 0.1, 1]);
  const { positions, predictions } = findDisagreements(first, second);
  assert.deepEqual([...positions], [11, 13]);
  assert.deepEqual(
    predictions.map(({ classes }) => [...classes]),
    [
      [2, 0],
      [1, 2],
    ],
  );
  assert.deepEqual(
    predictions.map(({ probabilities }) => [...probabilities].map((value) => Number(value.toFixed(4)))),
    [
      [0.8, 0.6],
      [0.3, 0.1],
    ],
  );
});

test("a run does not disagree with itself", () => {
  const run = predictionsOf([0, 1], [1, 1], [0.5, 0.5]);
  assert.equal(findDisagreements(run, run).positions.length, 0);
});

test("a page begins after the position of its cursor, whether that is a disagreement or not", () => {
  const positions = Int32Array.of(2, 5, 9);
  const from = (key: number) => ({
    after: { key: [key] as const, inclusive: false },
    before: null,
    backward: false,
    limit: 10,
  });
  assert.deepEqual(
    [-1, 0, 2, 3, 5, 8, 9, 100].map((key) => indicesIn(positions, from(key))[0]),
    [0, 0, 1, 1, 2, 2, 3, 3],
  );
});

test("classes are compared by name, with null where a run has no such class or no evaluation", () => {
  const figures = (...f1: (number | null)[]) =>
    f1.map((value) => ({ precision: null, recall: null, f1: value, support: 1 }));
  assert.deepEqual(
    compareClasses([
      { classNames: ["rose", "daisy"], figures: figures(0.5, null) },
      { classNames: ["daisy", "tulip"], figures: figures(0.25, 1) },
      { classNames: ["daisy"], figures: [] },
    ]),
    [
      { name: "rose", f1: [0.5, null, null] },
      { name: "daisy", f1: [null, 0.25, null] },
      { name: "tulip", f1: [null, 1, null] },
    ],
  );
});

/** Positions begin at 10; the other of the first three classes comes second. */
function predictionsOf(labels: number[], predicted: number[], probabilities: number[]): Predictions {
  return {
    sampleCount: labels.length,
    ranks: 2,
    positions: Int32Array.from(labels, (_label, index) => 10 + index),
    labels: Int32Array.from(labels),
    losses: new Float32Array(labels.length),
    ranked: Int32Array.from(predicted.flatMap((likeliest) => [likeliest, (likeliest + 1) % 3])),
    probabilities: Float32Array.from(probabilities.flatMap((probability) => [probability, 0])),
  };
}

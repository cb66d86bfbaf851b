import assert from "node:assert/strict";
import { test } from "node:test";
import { denseConfusion } from "../../../../src/core/confusion-matrix.js";
import {
  type ClassFigures,
  classFigures,
  evaluatePredictions,
} from "../../../../src/training/evaluation/evaluate-predictions.js";
import { type Predictions, PredictionsCollector } from "../../../../src/training/evaluation/predictions.js";
import { readGolden } from "../../../golden/golden-file.js";

interface EvaluationGolden {
  readonly classCount: number;
  readonly ranks: number;
  readonly labels: readonly number[];
  readonly losses: readonly number[];
  readonly ranked: readonly number[];
  readonly probabilities: readonly number[];
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
  readonly expectedCalibrationError: number;
  readonly confusion: readonly number[];
  readonly classes: readonly ClassFigures[];
}

test("an evaluation gives the same figures as NumPy for every class", async () => {
  const golden = await readGolden<EvaluationGolden>("evaluation");
  const { classCount } = golden;
  const figures = evaluatePredictions(predictionsOf(golden), classCount);
  assert.equal(figures.sampleCount, golden.labels.length);
  assert.equal(figures.top1, golden.top1);
  assert.equal(figures.top5, golden.top5);
  assert.deepEqual([...denseConfusion(figures.confusion, classCount)], golden.confusion);
  assert.ok(Math.abs(figures.loss - golden.loss) < 1e-12);
  assert.ok(Math.abs(figures.expectedCalibrationError - golden.expectedCalibrationError) < 1e-9);

  const classes = classFigures(figures.confusion, classCount);
  for (const [index, expected] of golden.classes.entries()) {
    for (const key of ["precision", "recall", "f1", "support"] as const) {
      const [found, wanted] = [classes[index]?.[key] ?? null, expected[key]];
      const equal = found === null || wanted === null ? found === wanted : Math.abs(found - wanted) < 1e-12;
      assert.ok(equal, `${key} of class ${index}: ${found}, not ${wanted}`);
    }
  }
});

test("a sample with figures that are NaN counts as wrong and certain", () => {
  const figures = evaluatePredictions(
    {
      sampleCount: 2,
      ranks: 2,
      positions: Int32Array.of(0, 1),
      labels: Int32Array.of(1, 1),
      losses: Float32Array.of(0, Number.NaN),
      ranked: Int32Array.of(1, 0, 1, 0),
      probabilities: Float32Array.of(1, 0, Number.NaN, Number.NaN),
    },
    2,
  );
  assert.deepEqual([figures.top1, figures.top5, figures.expectedCalibrationError], [0.5, 0.5, 0.5]);
  assert.ok(Number.isNaN(figures.loss));
});

test("batches of any size give the same predictions", async () => {
  const golden = await readGolden<EvaluationGolden>("evaluation");
  const whole = predictionsOf(golden);
  for (const size of [1, 7, golden.labels.length]) {
    const collector = new PredictionsCollector();
    for (let from = 0; from < whole.sampleCount; from += size) collector.add(batchOf(whole, from, size));
    assert.deepEqual(collector.finish(), whole);
  }
});

function predictionsOf({ labels, ranks, losses, ranked, probabilities }: EvaluationGolden): Predictions {
  return {
    sampleCount: labels.length,
    ranks,
    positions: Int32Array.from(labels, (_label, index) => index * 3),
    labels: Int32Array.from(labels),
    losses: Float32Array.from(losses),
    ranked: Int32Array.from(ranked),
    probabilities: Float32Array.from(probabilities),
  };
}

function batchOf(whole: Predictions, from: number, size: number) {
  const to = from + size;
  return {
    positions: whole.positions.slice(from, to),
    labels: whole.labels.slice(from, to),
    losses: whole.losses.slice(from, to),
    ranked: whole.ranked.slice(from * whole.ranks, to * whole.ranks),
    probabilities: whole.probabilities.slice(from * whole.ranks, to * whole.ranks),
  };
}

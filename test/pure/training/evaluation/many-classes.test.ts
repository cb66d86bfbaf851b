import assert from "node:assert/strict";
import { test } from "node:test";
import { cellsOf, countConfusion } from "../../../../src/core/confusion-matrix.js";
import { pageOfConfusion } from "../../../../src/training/evaluation/confusion-page.js";
import {
  classFigures,
  evaluatePredictions,
} from "../../../../src/training/evaluation/evaluate-predictions.js";
import { assertPages } from "../../../testkit/api/page-walk.js";

const CLASSES = 12_000;
const SAMPLES = 36_000;

/** Three samples of each class: the first two are predicted correctly, the third to be of the next class. */
const LABELS = Int32Array.from({ length: SAMPLES }, (_label, sample) => sample % CLASSES);
const PREDICTED = LABELS.map((label, sample) => (sample < 2 * CLASSES ? label : (label + 1) % CLASSES));

test("an evaluation of 12,000 classes keeps one cell per distinct mistake, and its figures are exact", () => {
  const evaluation = evaluatePredictions(
    {
      sampleCount: SAMPLES,
      ranks: 1,
      positions: LABELS.map((_label, sample) => sample),
      labels: LABELS,
      losses: new Float32Array(SAMPLES).fill(0.5),
      ranked: PREDICTED,
      probabilities: new Float32Array(SAMPLES).fill(0.75),
    },
    CLASSES,
  );
  assert.equal(evaluation.confusion.cells.length, 3 * 2 * CLASSES);
  assert.equal(evaluation.top1, 2 / 3);
  const figures = classFigures(evaluation.confusion, CLASSES);
  assert.equal(figures.length, CLASSES);
  for (const ofClass of figures) {
    assert.deepEqual(ofClass, { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
  }
});

test("cells are ordered by samples, then by class, and hold every sample once", () => {
  const cells = cellsOf(countConfusion(Int32Array.of(2, 0, 1, 0, 2), Int32Array.of(0, 1, 1, 1, 0), 3));
  assert.deepEqual(cells, [
    { trueClass: 0, predictedClass: 1, sampleCount: 2 },
    { trueClass: 2, predictedClass: 0, sampleCount: 2 },
    { trueClass: 1, predictedClass: 1, sampleCount: 1 },
  ]);
  assert.deepEqual(cellsOf(countConfusion(Int32Array.of(), Int32Array.of(), 3)), []);
});

test("the cells of a matrix are listed in pages, with or without the correct predictions", async () => {
  const confusion = countConfusion(LABELS, PREDICTED, CLASSES);
  const page = await pageOfConfusion(confusion, { mistakesOnly: false }, { first: 2 });
  assert.deepEqual(
    [page.items.map(({ node }) => node), await page.totalCount(), await page.hasNextPage()],
    [
      [
        { trueClass: 0, predictedClass: 0, sampleCount: 2 },
        { trueClass: 1, predictedClass: 1, sampleCount: 2 },
      ],
      2 * CLASSES,
      true,
    ],
  );
  const mistakes = await pageOfConfusion(confusion, { mistakesOnly: true }, { last: 1 });
  assert.deepEqual(
    mistakes.items.map(({ node }) => node),
    [{ trueClass: CLASSES - 1, predictedClass: 0, sampleCount: 1 }],
  );
  assert.equal(await mistakes.totalCount(), CLASSES);

  const few = countConfusion(Int32Array.of(0, 0, 1, 1, 2, 2, 2), Int32Array.of(0, 1, 1, 2, 2, 2, 0), 3);
  for (const mistakesOnly of [false, true]) {
    await assertPages(
      (request) => pageOfConfusion(few, { mistakesOnly }, request),
      cellsOf(few).filter((cell) => !mistakesOnly || cell.trueClass !== cell.predictedClass),
    );
  }
  await assert.rejects(pageOfConfusion(few, { mistakesOnly: false }, { first: 1, after: "zzz" }), {
    code: "CURSOR_INVALID",
  });
});

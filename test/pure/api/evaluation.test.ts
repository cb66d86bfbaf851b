import "reflect-metadata";
import assert from "node:assert/strict";
import { test } from "node:test";
import { EvaluationResolver } from "../../../src/api/evaluations/evaluation-resolver.js";
import type { RequestContext } from "../../../src/api/request-context.js";
import type { ConfusionMatrix } from "../../../src/core/confusion-matrix.js";
import type { EvaluationRecord } from "../../../src/training/evaluation/evaluation-records.js";

const EVALUATION: EvaluationRecord = {
  id: 1,
  runId: "run_1",
  split: "VALIDATION",
  epoch: 1,
  sampleCount: 1,
  loss: 0,
  top1: 1,
  top5: 1,
  expectedCalibrationError: 0,
  predictionsSha256: "",
};

const CELLS = { cells: Int32Array.of(0, 2, 7, 2, 2, 5, 1, 0, 1) };

test("a confusion matrix is returned row by row", async () => {
  const rows = await new EvaluationResolver().confusion(EVALUATION, contextOf(3, CELLS));
  assert.deepEqual(
    (await Promise.all(rows)).map((row) => [...row]),
    [
      [0, 0, 7],
      [1, 0, 0],
      [0, 0, 5],
    ],
  );
});

test("the event loop serves other requests while a matrix of 500 classes, or 12,000 classes, are returned", async () => {
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const takeTurn = (): void => {
    turns++;
    next = setImmediate(takeTurn);
  };
  takeTurn();
  const resolver = new EvaluationResolver();
  const rows = await Promise.all(await resolver.confusion(EVALUATION, contextOf(500, CELLS)));
  assert.equal(rows.length, 500);
  assert.ok(turns >= 12, `${turns} turns`);
  turns = 0;
  const classes = await Promise.all(await resolver.classes(EVALUATION, contextOf(12_000, CELLS)));
  clearImmediate(next);
  assert.equal(classes.length, 12_000);
  assert.ok(turns >= 11, `${turns} turns`);
});

test("with more than 500 classes a whole matrix is refused, and its cells are listed by name", async () => {
  const resolver = new EvaluationResolver();
  const context = contextOf(501, CELLS);
  await assert.rejects(resolver.confusion(EVALUATION, context), {
    code: "CONFUSION_TOO_LARGE",
    message: /at most 500 classes\. Received an evaluation of 501\. Ask for the pages of `confusionCells`/,
  });
  const all = await resolver.confusionCells(EVALUATION, false, { first: 2 }, context);
  assert.deepEqual(all.nodes, [
    { trueClass: "class 0", predictedClass: "class 2", sampleCount: 7 },
    { trueClass: "class 2", predictedClass: "class 2", sampleCount: 5 },
  ]);
  assert.equal(await all.totalCount, 3);
  assert.equal(await all.pageInfo.hasNextPage, true);
  const mistakes = await resolver.confusionCells(EVALUATION, true, { first: 2 }, context);
  assert.deepEqual(
    mistakes.nodes.map(({ sampleCount }) => sampleCount),
    [7, 1],
  );
});

function contextOf(classCount: number, confusion: ConfusionMatrix): RequestContext {
  const classNames = Array.from({ length: classCount }, (_name, index) => `class ${index}`);
  const loading = <T>(value: T) => ({ load: async () => value });
  return {
    loaders: {
      run: loading({ datasetVersionId: "dsv_1" }),
      datasetVersion: loading({ classNames }),
      confusion: loading(confusion),
    },
  } as unknown as RequestContext;
}

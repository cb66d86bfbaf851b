import "reflect-metadata";
import assert from "node:assert/strict";
import { test } from "node:test";
import { EvaluationResolver } from "../../../src/api/evaluations/evaluation-resolver.js";
import type { RequestContext } from "../../../src/api/request-context.js";
import type { EvaluationRecord } from "../../../src/training/evaluation/evaluation-records.js";

const EVALUATION: EvaluationRecord = {
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

test("a confusion matrix is returned row by row", async () => {
  const rows = await confusionOf(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  assert.deepEqual(
    (await Promise.all(rows)).map((row) => [...row]),
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  );
});

test("the event loop serves other requests while a matrix of 1,000 classes is returned", async () => {
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const takeTurn = (): void => {
    turns++;
    next = setImmediate(takeTurn);
  };
  takeTurn();
  const rows = await Promise.all(await confusionOf(new Int32Array(1_000 * 1_000)));
  clearImmediate(next);
  assert.equal(rows.length, 1_000);
  assert.ok(turns >= 40, `${turns} turns`);
});

function confusionOf(cells: Int32Array): Promise<readonly Promise<Int32Array>[]> {
  const loaders = { confusion: { load: async () => cells } };
  return new EvaluationResolver().confusion(EVALUATION, { loaders } as unknown as RequestContext);
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { recordedValues } from "../../../../src/core/settings/recorded-values.js";
import { alignEpochs } from "../../../../src/training/comparison/aligned-curves.js";
import { compareMetrics } from "../../../../src/training/comparison/comparison.js";
import { differencesBetween, fieldsByPath } from "../../../../src/training/comparison/differences.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";
import { epochRecord } from "../epoch-record.js";

test("a comparison of configurations lists exactly the settings that differ", () => {
  const adam = resolveConfiguration({ learningRate: { constant: { initial: 0.001 } } });
  const sgd = resolveConfiguration({
    learningRate: { constant: { initial: 0.01 } },
    optimizer: { sgd: {} },
    earlyStopping: { patience: 3 },
  });
  assert.deepEqual(differencesBetween([adam, sgd].map(recordedValues)), [
    { path: "earlyStopping.minDelta", values: [null, "0"] },
    { path: "earlyStopping.patience", values: [null, "3"] },
    { path: "learningRate.initial", values: ["0.001", "0.01"] },
    { path: "optimizer.beta1", values: ["0.9", null] },
    { path: "optimizer.beta2", values: ["0.999", null] },
    { path: "optimizer.epsilon", values: ["1e-7", null] },
    { path: "optimizer.kind", values: ["adam", "sgd"] },
    { path: "optimizer.momentum", values: [null, "0.9"] },
    { path: "optimizer.nesterov", values: [null, "false"] },
  ]);
});

test("equal environments have no differences, and a missing one differs in every field", () => {
  const environment = { device: "CPU", threads: 2 };
  assert.deepEqual(differencesBetween([environment, { ...environment }].map(fieldsByPath)), []);
  assert.deepEqual(differencesBetween([environment, null].map(fieldsByPath)), [
    { path: "device", values: ["CPU", null] },
    { path: "threads", values: ["2", null] },
  ]);
});

const summary = (
  runId: string,
  key: string,
  bestValue: number | null,
  lastValue = bestValue ?? Number.NaN,
) => ({
  ...{ runId, key, lastValue, bestValue },
  bestEpoch: bestValue === null ? null : 1,
});

test("the better run has the higher accuracy and the lower loss", () => {
  const metrics = compareMetrics(
    ["a", "b"],
    [
      summary("a", "validation.top1", 0.8, 0.7),
      summary("b", "validation.top1", 0.9),
      summary("a", "validation.loss", 0.4),
      summary("b", "validation.loss", 0.5),
    ],
  );
  assert.deepEqual(metrics, [
    { key: "validation.loss", best: [0.4, 0.5], last: [0.4, 0.5], bestRunId: "a" },
    { key: "validation.top1", best: [0.8, 0.9], last: [0.7, 0.9], bestRunId: "b" },
  ]);
});

test("neither run is better when they are equal or nothing was measured", () => {
  const tie = compareMetrics(["a", "b"], [summary("a", "train.top1", 1), summary("b", "train.top1", 1)]);
  assert.equal(tie[0]?.bestRunId, null);
  const nothing = compareMetrics(["a", "b"], [summary("a", "train.loss", null)]);
  assert.deepEqual(nothing, [
    { key: "train.loss", best: [null, null], last: [Number.NaN, null], bestRunId: null },
  ]);
});

test("curves are aligned by epoch, with null where a run has no epoch or no finite value", () => {
  const curve = alignEpochs("validation.loss", [
    { runId: "a", epochs: [1, 2, 3].map((number) => epochRecord({ number, validationLoss: 1 / number })) },
    {
      runId: "b",
      epochs: [
        epochRecord({ number: 1, validationLoss: 2 }),
        epochRecord({ number: 2, validationLoss: Number.POSITIVE_INFINITY }),
      ],
    },
  ]);
  assert.deepEqual(curve, {
    key: "validation.loss",
    epochs: [1, 2, 3],
    series: [
      { runId: "a", values: [1, 1 / 2, 1 / 3] },
      { runId: "b", values: [2, null, null] },
    ],
  });
});

test("a curve of an unknown metric is refused with a list of the metrics", () => {
  assert.throws(
    () => alignEpochs("accuracy", []),
    (error: unknown) =>
      error instanceof AppError && error.code === "METRIC_UNKNOWN" && /validation\.top1/.test(error.message),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { RunConfiguration } from "../../../../src/core/runs/configuration.js";
import { lossValues, recordedValues } from "../../../../src/core/settings/recorded-values.js";
import { alignEpochs } from "../../../../src/training/comparison/aligned-curves.js";
import { differencesBetween, fieldsByPath } from "../../../../src/training/comparison/differences.js";
import { type CommonGround, compareMetrics } from "../../../../src/training/comparison/metric-comparison.js";
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

const COMPARABLE: CommonGround = { dataset: true, loss: true };

test("the better run has the higher accuracy and the lower loss", () => {
  const { number: _, seconds: __, ...selected } = epochRecord({ validationLoss: 0.45, validationTop1: 0.75 });
  const metrics = compareMetrics(
    ["a", "b"],
    [
      summary("a", "validation.top1", 0.8, 0.7),
      summary("b", "validation.top1", 0.9),
      summary("a", "validation.loss", 0.4),
      summary("b", "validation.loss", 0.5),
    ],
    new Map([["a", selected]]),
    COMPARABLE,
  );
  assert.deepEqual(metrics, [
    {
      key: "validation.loss",
      best: [0.4, 0.5],
      last: [0.4, 0.5],
      selected: [0.45, null],
      bestRunId: "a",
      noBestRunReason: null,
    },
    {
      key: "validation.top1",
      best: [0.8, 0.9],
      last: [0.7, 0.9],
      selected: [0.75, null],
      bestRunId: "b",
      noBestRunReason: null,
    },
  ]);
});

test("neither run is better when they are equal or nothing was measured", () => {
  const compare = (...summaries: Parameters<typeof compareMetrics>[1]) =>
    compareMetrics(["a", "b"], summaries, new Map(), COMPARABLE);
  const [tie] = compare(summary("a", "train.top1", 1), summary("b", "train.top1", 1));
  assert.deepEqual([tie?.bestRunId, tie?.noBestRunReason], [null, "TIE"]);
  assert.deepEqual(compare(summary("a", "train.loss", null)), [
    {
      key: "train.loss",
      best: [null, null],
      last: [Number.NaN, null],
      selected: [null, null],
      bestRunId: null,
      noBestRunReason: "NO_VALUE",
    },
  ]);
});

test("a run is the best only where a direction is better, on the same data, and by a loss only with the same loss", () => {
  const KEYS = [
    "batch.loss",
    "images_per_second",
    "learning_rate",
    "validation.loss",
    "validation.top1",
    "x",
  ];
  const reasons = (common: CommonGround) =>
    compareMetrics(
      ["a", "b"],
      KEYS.flatMap((key) => [summary("a", key, 1), summary("b", key, 2)]),
      new Map(),
      common,
    ).map(({ bestRunId, noBestRunReason }) => bestRunId ?? noBestRunReason);
  assert.deepEqual(reasons(COMPARABLE), ["a", "b", "NO_DIRECTION", "a", "b", "NO_DIRECTION"]);
  assert.deepEqual(reasons({ dataset: true, loss: false }), [
    "LOSS_DIFFERS",
    "b",
    "NO_DIRECTION",
    "LOSS_DIFFERS",
    "b",
    "NO_DIRECTION",
  ]);
  assert.deepEqual(reasons({ dataset: false, loss: true }), [
    "DATASET_DIFFERS",
    "DATASET_DIFFERS",
    "NO_DIRECTION",
    "DATASET_DIFFERS",
    "DATASET_DIFFERS",
    "NO_DIRECTION",
  ]);
});

test("label smoothing and class weights change the loss; other settings do not", () => {
  const plain = resolveConfiguration({});
  const differs = (other: Partial<RunConfiguration>): boolean =>
    differencesBetween([plain, { ...plain, ...other }].map(lossValues)).length > 0;
  assert.ok(differs({ labelSmoothing: 0.1 }));
  assert.ok(differs({ classWeights: { balanced: true, weights: [1, 2] } }));
  assert.ok(!differs({ weightDecay: 0.1, gradientClipNorm: 1, seed: 4, monitor: "VALIDATION_LOSS" }));
  const given = { ...plain, classWeights: { balanced: false, weights: [1, 2] } };
  const balanced = { ...plain, classWeights: { balanced: true, weights: [1, 2] } };
  assert.deepEqual(differencesBetween([given, balanced].map(lossValues)), []);
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

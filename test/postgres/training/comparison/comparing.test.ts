import assert from "node:assert/strict";
import { test } from "node:test";
import { RunComparer } from "../../../../src/training/comparison/comparison.js";
import { finishEpoch, insertVersion, openTraining, startNext } from "../training-stores.js";

test("two runs on two versions are compared from their settings to their curves", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const a = await training.launch({
    configuration: { ...SMALL, learningRate: { constant: { initial: 0.01 } } },
  });
  await insertVersion(training.database, { splits: ["TRAIN", "TRAIN", "VALIDATION"] });
  const b = await training.launch({
    configuration: { ...SMALL, learningRate: { constant: { initial: 0.02 } } },
  });
  const first = await startNext(training);
  await finishEpoch(training, first, { number: 1, validationTop1: 0.5 });
  const environment = {
    product: "espalier 0.1.0",
    tensorflowVersion: "2.21.0",
    nodeVersion: "24.0.0",
    processor: "a",
    device: "CPU",
    threads: 2,
    customOps: [],
    eigenKernelGradients: null,
    precision: "FLOAT32",
    precisionMeasurements: [],
    partSize: 4,
  } as const;
  await training.attempts.recordEnvironment(first, environment);
  const second = await startNext(training);
  await finishEpoch(training, second, { number: 1, validationTop1: 0.6 });
  await finishEpoch(training, second, { number: 2, validationTop1: 0.4 }, false);
  await training.attempts.recordEnvironment(second, { ...environment, threads: 4 });

  const comparer = new RunComparer(training.runs, training.datasets, training.evaluations);
  const comparison = await comparer.compareRuns([a.id, b.id]);
  assert.deepEqual(
    comparison.runs.map(({ id }) => id),
    [a.id, b.id],
  );
  assert.deepEqual(comparison.configuration, [{ path: "learningRate.initial", values: ["0.01", "0.02"] }]);
  assert.deepEqual(
    comparison.data.map(({ path }) => path),
    ["hash", "sampleCount", "splits.test", "splits.train", "version"],
  );
  assert.deepEqual(comparison.environment, [{ path: "threads", values: ["2", "4"] }]);
  const top1 = comparison.metrics.find(({ key }) => key === "validation.top1");
  assert.deepEqual(top1, {
    key: "validation.top1",
    best: [0.5, 0.6],
    last: [0.5, 0.4],
    selected: [0.5, 0.6],
    bestRunId: null,
    noBestRunReason: "DATASET_DIFFERS",
  });
  assert.deepEqual(await comparer.alignCurves(comparison.runs, ["validation.top1"]), [
    {
      key: "validation.top1",
      epochs: [1, 2],
      series: [
        { runId: a.id, values: [0.5, null] },
        { runId: b.id, values: [0.6, 0.4] },
      ],
    },
  ]);
  await assert.rejects(comparer.compareRuns([a.id]), { code: "COMPARISON_INVALID" });
  await assert.rejects(comparer.compareRuns([a.id, a.id]), { code: "COMPARISON_INVALID" });
  await assert.rejects(comparer.compareRuns([a.id, "run_00000000000000000000000000"]), {
    code: "RUN_NOT_FOUND",
  });
});

const SMALL = { architecture: "VGG11", widthMultiplier: 0.0625, imageSizePixels: 32 } as const;

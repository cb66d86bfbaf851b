import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_AUGMENTATION } from "../../../../src/core/run-configuration.js";
import type { RunEnvironment } from "../../../../src/core/run-environment.js";
import { differencesOf } from "../../../../src/training/comparison/differences.js";

test("runs that augment, fine-tune and weigh classes differently say in which settings, one by one", () => {
  const plain = {
    initialization: { kind: "random" },
    augmentation: NO_AUGMENTATION,
    classWeights: null,
    gradientClipNorm: null,
  };
  const tuned = {
    initialization: { kind: "modelVersion", modelVersionId: "mdv_1" },
    augmentation: { ...NO_AUGMENTATION, horizontalFlip: true, rotationDegrees: 15 },
    classWeights: { balanced: false, weights: [1, 2.5] },
    gradientClipNorm: 1,
  };
  assert.deepEqual(differencesOf([plain, tuned]), [
    { path: "augmentation.horizontalFlip", values: ["false", "true"] },
    { path: "augmentation.rotationDegrees", values: ["0", "15"] },
    { path: "classWeights.balanced", values: [null, "false"] },
    { path: "classWeights.weights", values: [null, "1, 2.5"] },
    { path: "gradientClipNorm", values: [null, "1"] },
    { path: "initialization.kind", values: ["random", "modelVersion"] },
    { path: "initialization.modelVersionId", values: [null, "mdv_1"] },
  ]);
});

test("times that were measured to choose a precision do not set environments apart; the choice does", () => {
  const measured = (
    milliseconds: number,
    precision: "FLOAT32" | "MIXED_BFLOAT16",
  ): Partial<RunEnvironment> => ({
    device: "CPU",
    precision,
    precisionMeasurements: [{ precision: "FLOAT32", device: "CPU", milliseconds }],
  });
  assert.deepEqual(differencesOf([measured(31.5, "FLOAT32"), measured(32.25, "FLOAT32")]), []);
  assert.deepEqual(differencesOf([measured(31.5, "FLOAT32"), measured(32.25, "MIXED_BFLOAT16")]), [
    { path: "precision", values: ["FLOAT32", "MIXED_BFLOAT16"] },
  ]);
});

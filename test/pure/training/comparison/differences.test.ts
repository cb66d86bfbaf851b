import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_AUGMENTATION, type RunConfiguration } from "../../../../src/core/run-configuration.js";
import type { RunEnvironment } from "../../../../src/core/run-environment.js";
import { recordedValues } from "../../../../src/core/settings/recorded-values.js";
import { differencesBetween, fieldsByPath } from "../../../../src/training/comparison/differences.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";

test("augmentation, initial weights and class weights are compared setting by setting", () => {
  const plain = resolveConfiguration({});
  const tuned: RunConfiguration = {
    ...plain,
    initialization: { kind: "modelVersion", modelVersionId: "mdv_1" },
    augmentation: { ...NO_AUGMENTATION, horizontalFlip: true, rotationDegrees: 15 },
    classWeights: { balanced: false, weights: [1, 2.5] },
    gradientClipNorm: 1,
  };
  assert.deepEqual(differencesBetween([plain, tuned].map(recordedValues)), [
    { path: "augmentation.horizontalFlip", values: ["false", "true"] },
    { path: "augmentation.rotationDegrees", values: ["0", "15"] },
    { path: "classWeights.balanced", values: [null, "false"] },
    { path: "classWeights.weights", values: [null, "1, 2.5"] },
    { path: "gradientClipNorm", values: [null, "1"] },
    { path: "initialization.kind", values: ["random", "modelVersion"] },
    { path: "initialization.modelVersionId", values: [null, "mdv_1"] },
  ]);
});

test("measured times are no difference of environments, but the chosen precision is", () => {
  const measured = (
    milliseconds: number,
    precision: "FLOAT32" | "MIXED_BFLOAT16",
  ): Partial<RunEnvironment> => ({
    device: "CPU",
    precision,
    precisionMeasurements: [{ precision: "FLOAT32", device: "CPU", milliseconds }],
  });
  const compared = (...environments: readonly Partial<RunEnvironment>[]) =>
    differencesBetween(environments.map(fieldsByPath));
  assert.deepEqual(compared(measured(31.5, "FLOAT32"), measured(32.25, "FLOAT32")), []);
  assert.deepEqual(compared(measured(31.5, "FLOAT32"), measured(32.25, "MIXED_BFLOAT16")), [
    { path: "precision", values: ["FLOAT32", "MIXED_BFLOAT16"] },
  ]);
});

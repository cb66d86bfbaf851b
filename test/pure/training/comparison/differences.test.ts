import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NO_AUGMENTATION,
  type RunConfiguration,
  type RunConfigurationInput,
} from "../../../../src/core/runs/configuration.js";
import type { RunEnvironment } from "../../../../src/core/runs/environment.js";
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
    { path: "augmentation.fillMode", values: [null, "REFLECT"] },
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

test("lists that differ only by commas are different, and one list has one text", () => {
  const classes = (...names: readonly string[]) => ({ classes: names, weights: [1, 2.5] });
  assert.deepEqual(
    differencesBetween([classes("ash, young", "oak"), classes("ash", "young, oak")].map(fieldsByPath)),
    [{ path: "classes", values: ['"ash, young", "oak"', '"ash", "young, oak"'] }],
  );
  assert.deepEqual(
    differencesBetween([classes('a", "b'), classes("a", "b")].map(fieldsByPath)).map(({ path }) => path),
    ["classes"],
  );
  assert.deepEqual(differencesBetween([classes("a"), classes("a")].map(fieldsByPath)), []);
});

test("settings without effect are no differences", () => {
  const differences = (first: RunConfigurationInput, second: RunConfigurationInput) =>
    differencesBetween([first, second].map((given) => recordedValues(resolveConfiguration(given)))).map(
      ({ path, values }) => `${path}: ${values.join(" / ")}`,
    );
  const pooled = { kind: "GLOBAL_AVERAGE_POOLING" } as const;
  assert.deepEqual(differences({ head: { ...pooled, units: 8 } }, { head: { ...pooled, units: 16 } }), []);
  assert.deepEqual(differences({ head: { units: 8 } }, { head: pooled }), [
    "head.kind: FULLY_CONNECTED / GLOBAL_AVERAGE_POOLING",
    "head.units: 8 / ",
  ]);

  const filled = (fillMode: "WRAP" | "CONSTANT", amounts: object) => ({
    augmentation: { fillMode, ...amounts },
  });
  const flips = { horizontalFlip: true, brightness: 0.1 };
  assert.deepEqual(differences(filled("WRAP", flips), filled("CONSTANT", flips)), []);
  for (const amount of ["rotationDegrees", "widthShift", "heightShift", "zoom"]) {
    assert.deepEqual(differences(filled("WRAP", { [amount]: 0.1 }), filled("CONSTANT", { [amount]: 0.1 })), [
      "augmentation.fillMode: WRAP / CONSTANT",
    ]);
  }

  const sgd = (momentum: number, nesterov: boolean) => ({ optimizer: { sgd: { momentum, nesterov } } });
  assert.deepEqual(differences(sgd(0, true), sgd(0, false)), []);
  assert.deepEqual(differences(sgd(0.5, true), sgd(0.5, false)), ["optimizer.nesterov: true / false"]);

  const decay = (decayRate: number, decayEpochs: number, staircase: boolean) => ({
    learningRate: { exponentialDecay: { initial: 1, decayRate, decayEpochs, staircase } },
  });
  assert.deepEqual(differences(decay(1, 2, true), decay(1, 3, false)), []);
  assert.deepEqual(differences(decay(0.5, 2, true), decay(0.5, 3, false)), [
    "learningRate.decayEpochs: 2 / 3",
    "learningRate.staircase: true / false",
  ]);
  const step = (factor: number, dropEveryEpochs: number) => ({
    learningRate: { step: { initial: 1, factor, dropEveryEpochs } },
  });
  assert.deepEqual(differences(step(1, 2), step(1, 3)), []);
  assert.deepEqual(differences(step(0.5, 2), step(0.5, 3)), ["learningRate.decayEpochs: 2 / 3"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { NO_AUGMENTATION } from "../../../src/core/run-configuration.js";
import type { RunConfigurationInput } from "../../../src/training/configuration-input.js";
import { resolveConfiguration } from "../../../src/training/configuration-resolution.js";

test("an empty configuration is VGG19 as it was published, trained with Adam", () => {
  assert.deepEqual(resolveConfiguration({}), {
    architecture: "VGG19",
    batchNormalization: false,
    widthMultiplier: 1,
    imageSizePixels: 224,
    head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0.5 },
    preprocessing: "SCALE_0_1",
    optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    learningRate: { kind: "constant", initial: 0.001, warmupEpochs: 0 },
    batchSize: 32,
    epochs: 10,
    accumulationSteps: 1,
    precision: "AUTO",
    earlyStopping: null,
    monitor: "VALIDATION_TOP1",
    seed: 0,
    initialization: { kind: "random" },
    frozenBlocks: 0,
    augmentation: NO_AUGMENTATION,
    weightDecay: 0,
    gradientClipNorm: null,
    labelSmoothing: 0,
    classWeights: null,
  });
});

test("null means the default, like a field that is left out", () => {
  const nulls: RunConfigurationInput = {
    architecture: null,
    head: { units: null },
    optimizer: null,
    seed: null,
  };
  assert.deepEqual(resolveConfiguration(nulls), resolveConfiguration({}));
});

test("what is given is kept and what is not is filled in", () => {
  const configuration = resolveConfiguration({
    optimizer: { sgd: { nesterov: true } },
    learningRate: { cosine: { initial: 0.1, warmupEpochs: 2 } },
    earlyStopping: { patience: 3 },
  });
  assert.deepEqual(configuration.optimizer, { kind: "sgd", momentum: 0.9, nesterov: true });
  assert.deepEqual(configuration.learningRate, { kind: "cosine", initial: 0.1, warmupEpochs: 2, minimum: 0 });
  assert.deepEqual(configuration.earlyStopping, { patience: 3, minDelta: 0 });
});

const REFUSED: readonly (readonly [string, RunConfigurationInput])[] = [
  ["widthMultiplier", { widthMultiplier: 0 }],
  ["widthMultiplier", { widthMultiplier: 4.5 }],
  ["imageSizePixels", { imageSizePixels: 31 }],
  ["imageSizePixels", { imageSizePixels: 64.5 }],
  ["head.units", { head: { units: 0 } }],
  ["head.dropout", { head: { dropout: 1 } }],
  ["head.dropout", { head: { dropout: -0.1 } }],
  ["batchSize", { batchSize: 0 }],
  ["batchSize", { batchSize: 4097 }],
  ["epochs", { epochs: 0 }],
  ["epochs", { epochs: 10_001 }],
  ["seed", { seed: -1 }],
  ["seed", { seed: 2 ** 31 }],
  ["optimizer", { optimizer: {} }],
  ["optimizer", { optimizer: { adam: {}, sgd: {} } }],
  ["optimizer.adam.beta1", { optimizer: { adam: { beta1: 1 } } }],
  ["optimizer.adam.beta2", { optimizer: { adam: { beta2: -0.1 } } }],
  ["optimizer.adam.epsilon", { optimizer: { adam: { epsilon: 0 } } }],
  ["optimizer.sgd.momentum", { optimizer: { sgd: { momentum: 1 } } }],
  ["learningRate", { learningRate: {} }],
  ["learningRate.constant.initial", { learningRate: { constant: { initial: 0 } } }],
  ["learningRate.constant.initial", { learningRate: { constant: { initial: Number.POSITIVE_INFINITY } } }],
  ["learningRate.constant.initial", { learningRate: { constant: { initial: Number.NaN } } }],
  [
    "learningRate.constant.warmupEpochs",
    { epochs: 5, learningRate: { constant: { initial: 1, warmupEpochs: 5 } } },
  ],
  ["learningRate.cosine.minimum", { learningRate: { cosine: { initial: 0.1, minimum: 0.2 } } }],
  ["earlyStopping.patience", { earlyStopping: { patience: 0 } }],
  ["earlyStopping.minDelta", { earlyStopping: { patience: 1, minDelta: -1 } }],
];

for (const [path, input] of REFUSED) {
  test(`${JSON.stringify(input)} is refused with the path ${path}`, () => {
    assert.throws(
      () => resolveConfiguration(input),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "CONFIGURATION_INVALID");
        assert.deepEqual(error.path, ["configuration", ...path.split(".")]);
        assert.match(
          error.message,
          new RegExp(`^${path.replaceAll(".", "\\.")} must be .*\\. Received .*\\.$`),
        );
        return true;
      },
    );
  });
}

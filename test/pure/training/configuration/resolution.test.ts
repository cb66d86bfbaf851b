import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { RunConfigurationInput } from "../../../../src/core/runs/configuration.js";
import { NO_AUGMENTATION } from "../../../../src/core/runs/configuration.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";
import { FIRST_STORED_CONFIGURATION } from "../../core/settings/first-stored-configuration.js";

test("an empty configuration is VGG19 as it was published, trained with Adam", () => {
  assert.partialDeepStrictEqual(resolveConfiguration({}), FIRST_STORED_CONFIGURATION);
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

test("given settings are kept and the others are filled in", () => {
  const configuration = resolveConfiguration({
    optimizer: { sgd: { nesterov: true } },
    learningRate: { cosine: { initial: 0.1, warmupEpochs: 2 } },
    earlyStopping: { patience: 3 },
  });
  assert.deepEqual(configuration.optimizer, { kind: "sgd", momentum: 0.9, nesterov: true });
  assert.deepEqual(configuration.learningRate, { kind: "cosine", initial: 0.1, warmupEpochs: 2, minimum: 0 });
  assert.deepEqual(configuration.earlyStopping, { patience: 3, minDelta: 0 });
});

test("every way to lower the learning rate is kept, and steps are a staircase", () => {
  const rates = [
    { exponentialDecay: { initial: 0.1, decayEpochs: 2.5, decayRate: 0.96 } },
    { exponentialDecay: { initial: 0.1, decayEpochs: 2, decayRate: 1, staircase: true, warmupEpochs: 1 } },
    { step: { initial: 0.1, dropEveryEpochs: 30 } },
    { step: { initial: 0.1, dropEveryEpochs: 3, factor: 0.5, warmupEpochs: 0.5 } },
  ].map((learningRate) => resolveConfiguration({ learningRate }).learningRate);
  const shared = { kind: "exponentialDecay", initial: 0.1, warmupEpochs: 0 };
  const step = { ...shared, kind: "step", staircase: true };
  assert.deepEqual(rates, [
    { ...shared, decayEpochs: 2.5, decayRate: 0.96, staircase: false },
    { ...shared, decayEpochs: 2, decayRate: 1, staircase: true, warmupEpochs: 1 },
    { ...step, decayEpochs: 30, decayRate: 0.1 },
    { ...step, decayEpochs: 3, decayRate: 0.5, warmupEpochs: 0.5 },
  ]);
});

test("AdamW has Adam's defaults, and weight decay is a setting of its own", () => {
  const { optimizer, weightDecay } = resolveConfiguration({
    optimizer: { adamW: { beta2: 0.98 } },
    weightDecay: 0.05,
  });
  assert.deepEqual(optimizer, { kind: "adamW", beta1: 0.9, beta2: 0.98, epsilon: 1e-7 });
  assert.equal(weightDecay, 0.05);
});

test("augmentation settings that are not given have their defaults", () => {
  const { augmentation } = resolveConfiguration({
    augmentation: {
      horizontalFlip: true,
      rotationDegrees: 180,
      zoom: 0.99,
      contrast: 1,
      fillMode: "NEAREST",
    },
  });
  assert.deepEqual(augmentation, {
    ...NO_AUGMENTATION,
    horizontalFlip: true,
    rotationDegrees: 180,
    zoom: 0.99,
    contrast: 1,
    fillMode: "NEAREST",
  });
});

test("the maximum values of the ranges are accepted", () => {
  const greatest: RunConfigurationInput = {
    batchSize: 6,
    accumulationSteps: 6,
    frozenBlocks: 5,
    labelSmoothing: 0.99,
    gradientClipNorm: 1e-6,
    precision: "MIXED_FLOAT16",
    checkpointEveryMinutes: 1440,
    augmentation: { widthShift: 1, heightShift: 1, brightness: 1 },
  };
  const { augmentation, ...others } = resolveConfiguration(greatest);
  const { augmentation: shifts, ...expected } = greatest;
  assert.deepEqual({ ...others, ...expected }, others);
  assert.deepEqual({ ...augmentation, ...shifts }, augmentation);
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
  ["optimizer", { optimizer: { adam: {}, adamW: {} } }],
  ["optimizer.adamW.beta1", { optimizer: { adamW: { beta1: -0.5 } } }],
  ["learningRate", { learningRate: { constant: { initial: 1 }, step: { initial: 1, dropEveryEpochs: 1 } } }],
  [
    "learningRate.exponentialDecay.decayEpochs",
    { learningRate: { exponentialDecay: { initial: 0.1, decayEpochs: 0, decayRate: 0.5 } } },
  ],
  [
    "learningRate.exponentialDecay.decayRate",
    { learningRate: { exponentialDecay: { initial: 0.1, decayEpochs: 1, decayRate: 1.1 } } },
  ],
  ["learningRate.step.dropEveryEpochs", { learningRate: { step: { initial: 0.1, dropEveryEpochs: -1 } } }],
  ["learningRate.step.factor", { learningRate: { step: { initial: 1, dropEveryEpochs: 1, factor: 0 } } }],
  ["accumulationSteps", { accumulationSteps: 0 }],
  ["accumulationSteps", { batchSize: 4, accumulationSteps: 5 }],
  ["frozenBlocks", { frozenBlocks: 6 }],
  ["frozenBlocks", { frozenBlocks: -1 }],
  ["weightDecay", { weightDecay: -0.1 }],
  ["gradientClipNorm", { gradientClipNorm: 0 }],
  ["labelSmoothing", { labelSmoothing: 1 }],
  ["checkpointEveryMinutes", { checkpointEveryMinutes: 0 }],
  ["checkpointEveryMinutes", { checkpointEveryMinutes: 0.009 }],
  ["checkpointEveryMinutes", { checkpointEveryMinutes: 1441 }],
  ["augmentation.rotationDegrees", { augmentation: { rotationDegrees: 181 } }],
  ["augmentation.widthShift", { augmentation: { widthShift: 1.1 } }],
  ["augmentation.heightShift", { augmentation: { heightShift: -0.1 } }],
  ["augmentation.zoom", { augmentation: { zoom: 1 } }],
  ["augmentation.brightness", { augmentation: { brightness: 2 } }],
  ["augmentation.contrast", { augmentation: { contrast: Number.NaN } }],
  ["augmentation.fillMode", { augmentation: { fillMode: "WRAPPED" as "NEAREST" } }],
  ["precision", { precision: "FLOAT8" as "FLOAT32" }],
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

test("pretrained weights have their own default of the preprocessing; a given one is kept", () => {
  const preprocessingOf = (configuration: RunConfigurationInput) =>
    resolveConfiguration(configuration).preprocessing;
  const initialization = { pretrained: "IMAGENET" } as const;
  assert.equal(preprocessingOf({}), "SCALE_0_1");
  assert.equal(preprocessingOf({ initialization }), "IMAGENET_TORCH");
  assert.equal(preprocessingOf({ initialization, architecture: "RESNET50" }), "IMAGENET_TORCH");
  assert.equal(preprocessingOf({ initialization: { pretrained: "IMAGENET_KERAS" } }), "IMAGENET_CAFFE");
  assert.equal(preprocessingOf({ initialization, preprocessing: "SCALE_0_1" }), "SCALE_0_1");
  assert.equal(preprocessingOf({ initialization: { modelVersion: "flowers:3" } }), "SCALE_0_1");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../../src/core/runs/configuration.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";
import type { TrainingData } from "../../../../src/training/configuration/setting-check.js";
import { settingWarnings } from "../../../../src/training/configuration/setting-warnings.js";

const DATA: TrainingData = {
  classCount: 10,
  trainingImages: 1000,
  validationImages: 100,
  longestSidePixels: 500,
};

function messages(input: RunConfigurationInput, data: Partial<TrainingData> = {}): string[] {
  const warnings = settingWarnings(resolveConfiguration(input), { ...DATA, ...data });
  for (const { code } of warnings) assert.equal(code, "SETTING_SENSELESS");
  return warnings.map(({ message }) => message);
}

const SENSELESS: readonly (readonly [RunConfigurationInput, string, Partial<TrainingData>?])[] = [
  [
    { distillation: { teacher: "m:1", kind: "DECOUPLED" } },
    "distillation.kind is DECOUPLED: two classes leave a single one beside the label",
    { classCount: 2 },
  ],
  [
    { distillation: { teacher: "m:1", weight: 1 }, labelSmoothing: 0.1 },
    "distillation.weight is 1: the cross-entropy of the labels does not count, so this has no effect: labelSmoothing.",
  ],
  [
    { distillation: { teacher: "m:1", beta: 2 } },
    "distillation.beta is 2: it has no effect, because kind is KNOWLEDGE.",
  ],
  [
    { frozenBlocks: 2 },
    "frozenBlocks is 2: the weights are random, so frozen stages keep weights that never learn",
  ],
  [
    { learningRate: { constant: { initial: 1e300 } } },
    "learningRate.initial is 1e+300: it is infinite in float32",
  ],
  [
    { learningRate: { constant: { initial: 1 } } },
    "learningRate.initial is 1: Adam changes every weight by about",
  ],
  [
    { learningRate: { cosine: { initial: 100 } }, optimizer: { sgd: {} } },
    "learningRate.initial is 100: a step of this size throws the weights far beyond any minimum.",
  ],
  [
    { learningRate: { constant: { initial: 1e-50 } } },
    "learningRate.initial is 1e-50: the weights change by less than float32 can hold",
  ],
  [
    { learningRate: { exponentialDecay: { initial: 0.1, decayEpochs: 0.001, decayRate: 0.5 } } },
    "learningRate.decayEpochs is 0.001: the rate falls to 9e-302 of its value within the first tenth of the run.",
  ],
  [
    { learningRate: { constant: { initial: 0.1e-2, warmupEpochs: 9.5 } } },
    "learningRate.warmupEpochs is 9.5: the run has 10 epochs, so the warm-up takes most of it.",
  ],
  [
    { learningRate: { constant: { initial: 0.001, warmupEpochs: 0.01 } } },
    "learningRate.warmupEpochs is 0.01: an epoch has 32 steps, so the warm-up takes less than half a step and is left out.",
  ],
  [
    { batchSize: 2000 },
    "batchSize is 2000: the training split has 1,000 images, so every epoch is one smaller batch.",
  ],
  [
    { batchSize: 1, batchNormalization: true },
    "batchSize is 1: batch normalization would normalize each image",
  ],
  [
    { batchSize: 8, accumulationSteps: 8, batchNormalization: true },
    "accumulationSteps is 8: batch normalization would normalize each image",
  ],
  [
    { batchSize: 7, accumulationSteps: 3, batchNormalization: true },
    "accumulationSteps is 3: the last micro-batch of a batch has a single image; batch normalization would",
  ],
  [
    { earlyStopping: { patience: 10 } },
    "earlyStopping.patience is 10: the run has 10 epochs, so it can never stop early.",
  ],
  [
    { earlyStopping: { patience: 2, minDelta: 1.5 } },
    "earlyStopping.minDelta is 1.5: an accuracy cannot rise by more than 1, so the run always stops after 3 epochs.",
  ],
  [
    { earlyStopping: { patience: 2, minDelta: 2.5 }, monitor: "VALIDATION_LOSS" },
    "earlyStopping.minDelta is 2.5: a network that guesses has a loss of 2.30",
  ],
  [
    { earlyStopping: { patience: 2 } },
    "monitor is VALIDATION_TOP1: the validation split has 1 image",
    { validationImages: 1 },
  ],
  [
    { imageSizePixels: 224 },
    "imageSizePixels is 224: no image has a side of more than 32 pixels, so enlarging costs time and adds no detail.",
    { longestSidePixels: 32 },
  ],
  [{ widthMultiplier: 0.001 }, "widthMultiplier is 0.001: the first convolutions have a single filter"],
  [{ head: { units: 1 } }, "head.units is 1: a single number cannot tell 10 classes apart."],
  [
    { head: { dropout: 0.99 } },
    "head.dropout is 0.99: only 1 % of the activations remain in a training step.",
  ],
  [
    { labelSmoothing: 0.95 },
    "labelSmoothing is 0.95: only 5 % of the target probability depends on the label of an image.",
  ],
  [{ weightDecay: 5 }, "weightDecay is 5: the decay outweighs the gradients"],
  [
    { weightDecay: 500, optimizer: { adamW: {} } },
    "weightDecay is 500: each step takes away 50 % of every weight.",
  ],
  [
    { sparsity: 1e-4 },
    "sparsity is 0.0001: the network has no batch normalization, so it has no effect; set batchNormalization",
  ],
  [
    { sparsity: 0.5, batchNormalization: true },
    "sparsity is 0.5: the penalty outweighs the gradients, and the scales of all channels vanish.",
  ],
  [
    { optimizer: { sgd: { momentum: 0.99999 } } },
    "optimizer.momentum is 0.99999: a gradient is remembered for 100,000 steps.",
  ],
  [
    { optimizer: { adam: { beta1: 0.9999 } } },
    "optimizer.beta1 is 0.9999: a gradient is remembered for 10,000",
  ],
  [{ optimizer: { adam: { epsilon: 1e-60 } } }, "optimizer.epsilon is 1e-60: it is 0 in float32"],
  [
    { optimizer: { sgd: {} }, gradientClipNorm: 1e-9 },
    "gradientClipNorm is 1e-9: the weights change by less than float32 can hold",
  ],
  [
    { augmentation: { fillMode: "WRAP" } },
    "augmentation.fillMode is WRAP: it has no effect, because rotationDegrees is 0, widthShift is 0, heightShift is 0, and zoom is 0.",
  ],
  [
    { head: { kind: "GLOBAL_AVERAGE_POOLING", units: 128 } },
    "head.units is 128: it has no effect, because kind is GLOBAL_AVERAGE_POOLING.",
  ],
  [
    { optimizer: { sgd: { momentum: 0, nesterov: true } } },
    "optimizer.nesterov is true: it has no effect, because momentum is 0.",
  ],
  [
    { learningRate: { step: { initial: 0.01, dropEveryEpochs: 2, factor: 1 } } },
    "learningRate.step.dropEveryEpochs is 2: it has no effect, because factor is 1.",
  ],
  [
    { learningRate: { step: { initial: 0.01, dropEveryEpochs: 0.001 } } },
    "learningRate.step.dropEveryEpochs is 0.001: the rate falls to 0 within the first tenth of the run.",
  ],
  [
    { learningRate: { step: { initial: 0.01, dropEveryEpochs: 50 } }, epochs: 3 },
    "learningRate.step.dropEveryEpochs is 50: the run has 3 epochs, so the rate never drops.",
  ],
  [
    { learningRate: { step: { initial: 0.01, dropEveryEpochs: 9, warmupEpochs: 1 } } },
    "learningRate.step.dropEveryEpochs is 9: the run has 10 epochs, so the rate never drops.",
  ],
  [
    { learningRate: { exponentialDecay: { initial: 0.01, decayEpochs: 1e5, decayRate: 0.5 } } },
    "learningRate.decayEpochs is 100000: the rate falls by less than 0.1 % in the 10 epochs of the run.",
  ],
  [
    { learningRate: { cosine: { initial: 0.01, minimum: 0.01 } } },
    "learningRate.minimum is 0.01: the rate begins at 0.01, so it does not fall.",
  ],
  [
    { importedNormalizationEpsilon: 0.001, batchNormalization: true },
    "importedNormalizationEpsilon is 0.001: no file of weights is imported, so it has no effect.",
  ],
  [
    { gradientClipNorm: 1e-30 },
    "gradientClipNorm is 1e-30: the weights change by less than float32 can hold",
  ],
  [
    { gradientClipNorm: 1e-9 },
    "gradientClipNorm is 1e-9: the gradients are far smaller than Adam's epsilon, so the run learns nothing.",
  ],
  [
    { earlyStopping: { patience: 9 } },
    "earlyStopping.patience is 9: the run has 10 epochs, so it can never stop early.",
  ],
  [
    { earlyStopping: { patience: 1 }, epochs: 1 },
    "earlyStopping.patience is 1: the run has 1 epoch, so it can never stop early.",
  ],
  [
    { batchNormalization: true, batchSize: 62 },
    "batchSize is 62: the training split has 63 images, so the last batch of an epoch ends with a single one; batch",
    { trainingImages: 63 },
  ],
  [
    { batchNormalization: true, batchSize: 62, accumulationSteps: 2 },
    "batchSize is 62: the training split has 94 images, so the last batch of an epoch ends with a single one; batch",
    { trainingImages: 94 },
  ],
  [
    { optimizer: { adam: { beta1: 0, beta2: 0 } } },
    "optimizer.beta2 is 0: no squared gradient is remembered",
  ],
  [
    { optimizer: { adam: { epsilon: 1 } } },
    "optimizer.epsilon is 1: it outweighs the gradients, so a step is only about 0.001 times the gradient.",
  ],
  [{ augmentation: { contrast: 1 } }, "augmentation.contrast is 1: an image may become a single color."],
  [
    { augmentation: { rotationDegrees: 180, zoom: 0.99, widthShift: 1, heightShift: 1 } },
    "augmentation.zoom is 0.99: an image may be reduced to a section with 1 % of its side.",
  ],
  [
    { augmentation: { widthShift: 1, fillMode: "CONSTANT" } },
    "augmentation.widthShift is 1: an image may be shifted out of sight.",
  ],
  [
    { augmentation: { brightness: 1 } },
    "augmentation.brightness is 1: an image may become entirely black or white.",
  ],
];

for (const [input, expected, data] of SENSELESS) {
  test(`a launch warns: ${expected}`, () => {
    const found = messages(input, data);
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]?.startsWith(expected), found[0]);
  });
}

test("weights of classes that differ by a factor of millions cause a warning", () => {
  const classWeights = { balanced: false, weights: [1, 1e-9] };
  const warnings = settingWarnings({ ...resolveConfiguration({}), classWeights }, DATA);
  assert.match(
    warnings[0]?.message ?? "",
    /^classWeights\.weights is 1, 1e-9: an image of one class counts more than 10,000 times/,
  );
});

test("sparse training whose scales are all frozen causes a warning", () => {
  const found = messages({ sparsity: 1e-4, batchNormalization: true, frozenBlocks: 5 });
  assert.equal(found[0], "sparsity is 0.0001: all batch normalizations are frozen, so it has no effect.");
});

test("several senseless settings cause one warning each", () => {
  assert.equal(messages({ frozenBlocks: 1, batchSize: 4096, weightDecay: 3 }).length, 3);
});

for (const input of [
  {},
  { architecture: "RESNET50" },
  { optimizer: { sgd: {} }, learningRate: { cosine: { initial: 0.5, warmupEpochs: 1 } } },
  { optimizer: { adamW: {} }, weightDecay: 0.05 },
  { batchNormalization: true, sparsity: 1e-4 },
  { distillation: { teacher: "m:1" }, labelSmoothing: 0.1 },
  { distillation: { teacher: "m:1", kind: "DECOUPLED", weight: 1, beta: 2 } },
  { learningRate: { step: { initial: 0.01, dropEveryEpochs: 3 } } },
  { earlyStopping: { patience: 3, minDelta: 0.001 }, monitor: "VALIDATION_LOSS" },
  { augmentation: { rotationDegrees: 10, fillMode: "CONSTANT" }, labelSmoothing: 0.1 },
  { batchNormalization: true, batchSize: 32, accumulationSteps: 4 },
  { batchNormalization: true, batchSize: 36 },
  { batchSize: 27 },
  { earlyStopping: { patience: 8 } },
  { gradientClipNorm: 1 },
  { gradientClipNorm: 0.001, optimizer: { sgd: {} } },
  { optimizer: { adam: { epsilon: 1 } }, learningRate: { constant: { initial: 0.1 } } },
  { learningRate: { cosine: { initial: 0.01, minimum: 0.001 } } },
  { learningRate: { step: { initial: 0.01, dropEveryEpochs: 9 } } },
  { head: { kind: "GLOBAL_AVERAGE_POOLING", units: 4096 } },
  { optimizer: { sgd: { momentum: 0, nesterov: false } } },
  { augmentation: { rotationDegrees: 180, widthShift: 1, heightShift: 1, zoom: 0.5, contrast: 0.5 } },
] as const satisfies readonly RunConfigurationInput[]) {
  test(`ordinary settings cause no warning: ${JSON.stringify(input)}`, () =>
    assert.deepEqual(messages(input), []));
}

test("frozen stages with weights from elsewhere cause no warning", () => {
  const initialization = { kind: "weights", sha256: "0" } as const;
  const configuration = { ...resolveConfiguration({ frozenBlocks: 5 }), initialization };
  assert.deepEqual(settingWarnings(configuration, DATA), []);
});

test("an epsilon for imported weights has an effect only with batch normalization", () => {
  const initialization = { kind: "weights", sha256: "0" } as const;
  const warningsWith = (batchNormalization: boolean) => {
    const resolved = resolveConfiguration({ batchNormalization, importedNormalizationEpsilon: 0.001 });
    return settingWarnings({ ...resolved, initialization }, DATA).map(({ message }) => message);
  };
  assert.deepEqual(warningsWith(true), []);
  assert.deepEqual(warningsWith(false), [
    "importedNormalizationEpsilon is 0.001: the network has no batch normalization, so it has no effect.",
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { recordedPathsOf } from "../../../../src/core/settings/recorded-paths.js";
import { recordedValues } from "../../../../src/core/settings/recorded-values.js";
import { defaultsOf, resolveSettings } from "../../../../src/core/settings/resolution.js";
import { RUN_SETTINGS } from "../../../../src/core/settings/run-settings.js";
import { group, number } from "../../../../src/core/settings/setting.js";
import { describeGiven, describeRecorded } from "../../../../src/core/settings/wording.js";
import { fieldsByPath } from "../../../../src/training/comparison/differences.js";
import { FIRST_STORED_PATHS } from "./first-stored-configuration.js";

const { settings } = RUN_SETTINGS;

test("a setting that the first version did not have says since when it exists", () => {
  const first = new Set(FIRST_STORED_PATHS);
  const undated = recordedPathsOf(RUN_SETTINGS)
    .filter(({ path, addedLater }) => addedLater === null && !first.has(path.join(".")))
    .map(({ path }) => path.join("."));
  assert.deepEqual(undated, [], "Give these settings `since`: runs that were stored earlier lack them.");
});

test("no setting of the first version is lost", () => {
  const paths = new Set(recordedPathsOf(RUN_SETTINGS).map(({ path }) => path.join(".")));
  assert.deepEqual(
    FIRST_STORED_PATHS.filter((path) => !paths.has(path)),
    [],
  );
});

test("a refused value comes with what the setting takes, unit and range included", () => {
  const cases = [
    [
      { imageSizePixels: 16 },
      "imageSizePixels must be a whole number of pixels from 32 to 1024. Received 16.",
    ],
    [{ batchSize: 2.5 }, "batchSize must be a whole number of images from 1 to 4096. Received 2.5."],
    [{ widthMultiplier: 5 }, "widthMultiplier must be a number above 0 and at most 4. Received 5."],
    [{ weightDecay: -1 }, "weightDecay must be a number of at least 0. Received -1."],
    [
      { head: { dropout: 1 } },
      "head.dropout must be a fraction of the activations, at least 0 and below 1. Received 1.",
    ],
    [
      { batchSize: 4, accumulationSteps: 5 },
      "accumulationSteps must be a whole number of micro-batches from 1 to `batchSize` (4). Received 5.",
    ],
    [
      { epochs: 5, learningRate: { cosine: { initial: 1, warmupEpochs: 5 } } },
      "learningRate.cosine.warmupEpochs must be a number of epochs, at least 0 and below `epochs` (5). Received 5.",
    ],
    [
      { learningRate: { cosine: { initial: 0.1, minimum: 0.2 } } },
      "learningRate.cosine.minimum must be a number from 0 to `initial` (0.1). Received 0.2.",
    ],
    [{ optimizer: {} }, "optimizer must be exactly one of adam, adamW, sgd. Received []."],
    [
      { precision: "FLOAT8" as "FLOAT32" },
      'precision must be one of AUTO, FLOAT32, MIXED_BFLOAT16, MIXED_FLOAT16. Received "FLOAT8".',
    ],
  ] as const;
  for (const [given, message] of cases) {
    assert.throws(
      () => resolveSettings(RUN_SETTINGS, given, ["configuration"]),
      (error) => error instanceof AppError && error.message === message,
      message,
    );
  }
});

test("a description ends with unit, range, default and the meaning of null", () => {
  assert.equal(
    describeGiven(settings.epochs),
    "Passes through the training images, unless the run stops early. A whole number of epochs from 1 to 10000. Null " +
      "means the default, 10.",
  );
  assert.equal(
    describeGiven(settings.gradientClipNorm),
    "Maximum norm of all gradients together. A number above 0. Null means that gradients are not clipped.",
  );
  assert.match(describeGiven(settings.optimizer), / Null means `{ adam: {} }`\.$/);
  assert.match(describeGiven(settings.head), / Null means the defaults of all its settings\.$/);
  assert.match(
    describeGiven(settings.head.settings.units),
    / Has an effect only if `kind` is FULLY_CONNECTED\. /,
  );
  assert.match(
    describeRecorded(settings.optimizer.options.sgd.settings.momentum, ["sgd"]),
    /unless `kind` is sgd\.$/,
  );
  assert.doesNotMatch(describeRecorded(settings.epochs), /default/);
});

test("a default may depend on the kind beside a setting", () => {
  const weightOf = (given: object) =>
    resolveSettings(RUN_SETTINGS, { distillation: { teacher: "flowers:1", ...given } }, ["configuration"])
      .distillation?.weight;
  assert.deepEqual(
    [weightOf({}), weightOf({ kind: "KNOWLEDGE" }), weightOf({ kind: "DECOUPLED" })],
    [0.9, 0.9, 0.5],
  );
  assert.equal(weightOf({ kind: "DECOUPLED", weight: 0.7 }), 0.7);
  assert.match(
    describeGiven(settings.distillation.settings.weight),
    / Null means the default, 0\.9, or 0\.5 if `kind` is DECOUPLED\.$/,
  );
});

test("the values of a configuration by path are all its fields that have an effect", () => {
  for (const given of [
    {},
    { optimizer: { sgd: {} }, learningRate: { step: { initial: 1, dropEveryEpochs: 2 } } },
    { learningRate: { cosine: { initial: 1 } }, earlyStopping: { patience: 2 }, gradientClipNorm: 1 },
  ]) {
    const configuration = {
      ...resolveSettings(RUN_SETTINGS, { augmentation: { zoom: 0.1 }, ...given }, []),
      classWeights: { balanced: true, weights: [1, 2] },
      extendedAfterEpochs: [3],
    };
    const byPath = (values: ReadonlyMap<string, string>) => Object.fromEntries(values);
    assert.deepEqual(byPath(recordedValues(configuration)), byPath(fieldsByPath(configuration)));
  }
});

test("a setting that is added to the table is checked, filled in and described without other code", () => {
  const extended = group(RUN_SETTINGS, {
    ...settings,
    mixup: number({ from: 0, to: 1, default: 0.2, since: "0.2", description: "Strength of mixup." }),
  });
  assert.equal(defaultsOf(extended).mixup, 0.2);
  assert.equal(resolveSettings(extended, { mixup: 0.5 }, ["configuration"]).mixup, 0.5);
  assert.throws(
    () => resolveSettings(extended, { mixup: 2 }, ["configuration"]),
    /mixup must be a number from 0 to 1/,
  );
  assert.ok(recordedPathsOf(extended).some(({ path }) => path.join(".") === "mixup"));
  assert.equal(
    describeGiven(extended.settings.mixup),
    "Strength of mixup. A number from 0 to 1. Null means the default, 0.2.",
  );
});

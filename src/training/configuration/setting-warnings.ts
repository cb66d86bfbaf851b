import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { givenPath } from "../../core/settings/given-names.js";
import { valueAt } from "../../core/settings/recorded-paths.js";
import { settingsWithoutEffect } from "../../core/settings/without-effect.js";
import { valueAsText } from "../../lang/text/value-as-text.js";
import { AUGMENTATION_CHECKS } from "./augmentation-checks.js";
import { DISTILLATION_CHECKS } from "./distillation-checks.js";
import { LEARNING_RATE_CHECKS } from "./learning-rate-checks.js";
import { OPTIMIZER_CHECKS } from "./optimizer-checks.js";
import { type CheckedRun, counted, type SettingCheck, share, type TrainingData } from "./setting-check.js";

/** The width of the narrowest convolution of a published network. */
const NARROWEST_CONVOLUTION = 64;

const NORMALIZED_ALONE =
  "batch normalization would normalize each image by its own statistics, which differ from those of evaluation";

const CHECKS: readonly SettingCheck[] = [
  {
    path: "widthMultiplier",
    why: ({ configuration }) =>
      configuration.widthMultiplier * NARROWEST_CONVOLUTION < 1
        ? "the first convolutions have a single filter, through which little of an image passes"
        : null,
  },
  {
    path: "imageSizePixels",
    why: ({ configuration, longestSidePixels }) =>
      configuration.imageSizePixels > 4 * longestSidePixels
        ? `no image has a side of more than ${longestSidePixels} pixels, so enlarging costs time and adds no detail`
        : null,
  },
  {
    path: "head.units",
    why: ({ configuration: { head }, classCount }) =>
      head.kind === "FULLY_CONNECTED" && head.units === 1 && classCount > 2
        ? `a single number cannot tell ${classCount} classes apart`
        : null,
  },
  {
    path: "head.dropout",
    why: ({ configuration: { head } }) =>
      head.dropout > 0.9
        ? `only ${share(1 - head.dropout)} of the activations remain in a training step`
        : null,
  },
  ...OPTIMIZER_CHECKS,
  ...LEARNING_RATE_CHECKS,
  {
    path: "batchSize",
    why: ({ configuration, trainingImages }) =>
      configuration.batchSize > trainingImages
        ? `the training split has ${counted(trainingImages, "image")}, so every epoch is one smaller batch`
        : null,
  },
  { path: "accumulationSteps", why: accumulationWarning },
  {
    path: "batchSize",
    why: ({ configuration: { batchSize, batchNormalization } }) =>
      batchSize === 1 && batchNormalization ? NORMALIZED_ALONE : null,
  },
  { path: "batchSize", why: lastBatchWarning },
  {
    path: "earlyStopping.patience",
    why: ({ configuration: { earlyStopping, epochs } }) =>
      earlyStopping !== null && earlyStopping.patience >= epochs - 1
        ? `the run has ${counted(epochs, "epoch")}, so it can never stop early`
        : null,
  },
  { path: "earlyStopping.minDelta", why: minDeltaWarning },
  {
    path: "monitor",
    why: ({ configuration: { monitor, earlyStopping }, validationImages }) =>
      earlyStopping !== null && monitor !== "VALIDATION_LOSS" && validationImages < 5
        ? `the validation split has ${counted(validationImages, "image")}, so that most changes do not show and chance decides when ` +
          "the run stops; VALIDATION_LOSS tells epochs apart"
        : null,
  },
  {
    path: "frozenBlocks",
    why: ({ configuration: { frozenBlocks, initialization, pruning } }) =>
      frozenBlocks > 0 && initialization.kind === "random" && !(pruning?.keepsWeights ?? false)
        ? "the weights are random, so frozen stages keep weights that never learn; set `initialization`, or freeze nothing"
        : null,
  },
  {
    path: "importedNormalizationEpsilon",
    why: ({ configuration: { importedNormalizationEpsilon, initialization, batchNormalization } }) => {
      if (importedNormalizationEpsilon === null) return null;
      if (initialization.kind !== "weights") return "no file of weights is imported, so it has no effect";
      return batchNormalization ? null : "the network has no batch normalization, so it has no effect";
    },
  },
  ...AUGMENTATION_CHECKS,
  {
    path: "labelSmoothing",
    why: ({ configuration: { labelSmoothing } }) =>
      labelSmoothing >= 0.9
        ? `only ${share(1 - labelSmoothing)} of the target probability depends on the label of an image`
        : null,
  },
  {
    path: "classWeights.weights",
    why: ({ configuration: { classWeights } }) => {
      if (classWeights === null) return null;
      const [least, greatest] = [Math.min(...classWeights.weights), Math.max(...classWeights.weights)];
      return !classWeights.balanced && greatest > 10_000 * least
        ? "an image of one class counts more than 10,000 times as much as one of another"
        : null;
    },
  },
  ...DISTILLATION_CHECKS,
];

/**
 * Warns of settings that a run may have but that cannot lead to sensible training, such as stages frozen at random weights.
 * They are not refused, because an experiment may mean them.
 *
 * @param configuration as the run records it
 */
export function settingWarnings(
  configuration: RunConfiguration,
  data: TrainingData,
): readonly (RunWarning & { readonly code: "SETTING_SENSELESS" })[] {
  const stepsPerEpoch = Math.ceil(data.trainingImages / configuration.batchSize);
  const run = { ...data, configuration, stepsPerEpoch };
  const unreasonable = CHECKS.flatMap(({ path, why }) => {
    const reason = why(run);
    return reason === null ? [] : [{ path, reason }];
  });
  const withoutEffect = settingsWithoutEffect(configuration).map(({ path, because }) => ({
    path,
    reason: `it has no effect, because ${because}`,
  }));
  return [...unreasonable, ...withoutEffect].map(({ path, reason }) => {
    const value = valueAsText(valueAt(configuration, path.split(".")));
    return {
      code: "SETTING_SENSELESS",
      message: `${givenPath(configuration, path)} is ${value}: ${reason}.`,
    };
  });
}

function accumulationWarning({ configuration }: CheckedRun): string | null {
  const { batchSize, accumulationSteps, batchNormalization } = configuration;
  if (accumulationSteps === 1 || !batchNormalization) return null;
  const microBatchSize = Math.ceil(batchSize / accumulationSteps);
  if (microBatchSize === 1) return NORMALIZED_ALONE;
  return batchSize % microBatchSize === 1
    ? `the last micro-batch of a batch has a single image; ${NORMALIZED_ALONE}`
    : null;
}

/** A last micro-batch of the epoch with a single image, where the others have more. */
function lastBatchWarning({ configuration, trainingImages }: CheckedRun): string | null {
  const { batchSize, accumulationSteps, batchNormalization } = configuration;
  const microBatchSize = Math.ceil(batchSize / accumulationSteps);
  if (!batchNormalization || microBatchSize === 1) return null;
  return (trainingImages % batchSize) % microBatchSize === 1
    ? `the training split has ${counted(trainingImages, "image")}, so the last batch of an epoch ends with a single one; ` +
        NORMALIZED_ALONE
    : null;
}

function minDeltaWarning({ configuration, classCount }: CheckedRun): string | null {
  const { earlyStopping, monitor } = configuration;
  if (earlyStopping === null) return null;
  const { patience, minDelta } = earlyStopping;
  if (monitor !== "VALIDATION_LOSS") {
    return minDelta > 1
      ? `an accuracy cannot rise by more than 1, so the run always stops after ${counted(patience + 1, "epoch")}`
      : null;
  }
  const guessing = Math.log(classCount);
  return minDelta >= guessing
    ? `a network that guesses has a loss of ${guessing.toFixed(2)}, on which no network can improve by more`
    : null;
}

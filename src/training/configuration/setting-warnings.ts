import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { hasEffect } from "../../core/settings/effect.js";
import { valueAt } from "../../core/settings/recorded-paths.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { valueAsText } from "../../lang/value-as-text.js";

/** The data of a run, as far as settings are compared with it. */
export interface TrainingData {
  readonly classCount: number;
  readonly trainingImages: number;
  readonly validationImages: number;
  /** Longest side of all images, in pixels. */
  readonly longestSidePixels: number;
}

interface CheckedRun extends TrainingData {
  readonly configuration: RunConfiguration;
  readonly stepsPerEpoch: number;
}

/** A setting that a run may have, but that hardly anybody means. */
interface Check {
  /** Dotted path of the recorded setting. */
  readonly path: string;
  /** Why its value makes no sense, as a clause; null: it does. */
  readonly why: (run: CheckedRun) => string | null;
}

const MAX_FLOAT32 = 3.4028235e38;
/** A change of this size is lost when it is added to a float32 weight of about 0.1. */
const LOST_CHANGE = 1e-8;
/** What is left of a learning rate that has fallen to nothing. */
const NOTHING_LEFT = 1e-6;
/** The width of the narrowest convolution of a published network. */
const NARROWEST_CONVOLUTION = 64;

const NORMALIZED_ALONE =
  "batch normalization would normalize each image by its own statistics, which differ from those of evaluation";
const FILL_MODE = RUN_SETTINGS.settings.augmentation.settings.fillMode;

const CHECKS: readonly Check[] = [
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
  { path: "optimizer.momentum", why: ({ configuration }) => longMemory(configuration, "sgd") },
  { path: "optimizer.beta1", why: ({ configuration }) => longMemory(configuration, "adam") },
  {
    path: "optimizer.epsilon",
    why: ({ configuration: { optimizer } }) =>
      optimizer.kind !== "sgd" && Math.fround(optimizer.epsilon) === 0
        ? "it is 0 in float32, so it does not keep the division finite"
        : null,
  },
  { path: "learningRate.initial", why: rateWarning },
  { path: "learningRate.decayEpochs", why: decayWarning },
  { path: "learningRate.warmupEpochs", why: warmupWarning },
  {
    path: "batchSize",
    why: ({ configuration, trainingImages }) =>
      configuration.batchSize > trainingImages
        ? `the training split has ${images(trainingImages)}, so every epoch is one smaller batch`
        : null,
  },
  {
    path: "accumulationSteps",
    why: ({ configuration: { batchSize, accumulationSteps, batchNormalization } }) =>
      accumulationSteps > 1 && batchNormalization && Math.ceil(batchSize / accumulationSteps) === 1
        ? NORMALIZED_ALONE
        : null,
  },
  {
    path: "batchSize",
    why: ({ configuration: { batchSize, batchNormalization } }) =>
      batchSize === 1 && batchNormalization ? NORMALIZED_ALONE : null,
  },
  {
    path: "earlyStopping.patience",
    why: ({ configuration: { earlyStopping, epochs } }) =>
      earlyStopping !== null && earlyStopping.patience >= epochs
        ? `the run has ${epochs} epochs, so it can never stop early`
        : null,
  },
  { path: "earlyStopping.minDelta", why: minDeltaWarning },
  {
    path: "monitor",
    why: ({ configuration: { monitor, earlyStopping }, validationImages }) =>
      earlyStopping !== null && monitor !== "VALIDATION_LOSS" && validationImages < 5
        ? `the validation split has ${images(validationImages)}, so that most changes do not show and chance decides when ` +
          "the run stops; VALIDATION_LOSS tells epochs apart"
        : null,
  },
  {
    path: "frozenBlocks",
    why: ({ configuration: { frozenBlocks, initialization } }) =>
      frozenBlocks > 0 && initialization.kind === "random"
        ? "the weights are random, so frozen stages keep weights that never learn; set `initialization`, or freeze nothing"
        : null,
  },
  ...(["widthShift", "heightShift"] as const).map(
    (name): Check => ({
      path: `augmentation.${name}`,
      why: ({ configuration: { augmentation } }) =>
        augmentation[name] > 0.9 &&
        (augmentation.fillMode === "CONSTANT" || augmentation.fillMode === "NEAREST")
          ? "an image may be shifted out of sight"
          : null,
    }),
  ),
  {
    path: "augmentation.brightness",
    why: ({ configuration: { augmentation } }) =>
      augmentation.brightness > 0.9 ? "an image may become entirely black or white" : null,
  },
  {
    path: "augmentation.fillMode",
    why: ({ configuration: { augmentation } }) =>
      augmentation.fillMode !== FILL_MODE.default && !hasEffect(FILL_MODE, augmentation)
        ? "no amount moves an image (rotationDegrees, widthShift, heightShift and zoom are 0), so nothing is filled"
        : null,
  },
  { path: "weightDecay", why: weightDecayWarning },
  {
    path: "gradientClipNorm",
    why: ({ configuration: { gradientClipNorm, learningRate, optimizer } }) =>
      gradientClipNorm !== null &&
      optimizer.kind === "sgd" &&
      gradientClipNorm * learningRate.initial < LOST_CHANGE
        ? "the weights change by less than float32 can hold, so the run learns nothing"
        : null,
  },
  {
    path: "labelSmoothing",
    why: ({ configuration: { labelSmoothing } }) =>
      labelSmoothing >= 0.9
        ? `only ${share(1 - labelSmoothing)} of the target probability depend on the label of an image`
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
  return CHECKS.flatMap(({ path, why }) => {
    const reason = why(run);
    if (reason === null) return [];
    const value = valueAt(configuration, path.split("."));
    return [{ code: "SETTING_SENSELESS", message: `${path} is ${valueAsText(value)}: ${reason}.` }];
  });
}

function rateWarning({ configuration: { learningRate, optimizer } }: CheckedRun): string | null {
  const { initial } = learningRate;
  if (initial > MAX_FLOAT32) return "it is infinite in float32, so the first step destroys the weights";
  if (initial < LOST_CHANGE) {
    return "the weights change by less than float32 can hold, so the run learns nothing";
  }
  if (optimizer.kind === "sgd") {
    return initial > 10 ? "a step of this size throws the weights far beyond any minimum" : null;
  }
  return initial >= 1
    ? "Adam changes every weight by about the learning rate in each step, and weights are far smaller than that"
    : null;
}

/** A rate that has fallen to nothing within the first tenth of the epochs after the warm-up. */
function decayWarning({ configuration: { learningRate, epochs } }: CheckedRun): string | null {
  if (learningRate.kind !== "exponentialDecay" && learningRate.kind !== "step") return null;
  const { decayEpochs, decayRate, staircase, warmupEpochs } = learningRate;
  const decays = (0.1 * (epochs - warmupEpochs)) / decayEpochs;
  const left = decayRate ** (staircase ? Math.floor(decays) : decays);
  return left < NOTHING_LEFT
    ? `the rate falls to ${left.toExponential(0)} of its value within the first tenth of the run`
    : null;
}

function warmupWarning({ configuration, stepsPerEpoch }: CheckedRun): string | null {
  const { learningRate, epochs } = configuration;
  const { warmupEpochs } = learningRate;
  if (warmupEpochs === 0) return null;
  if (Math.round(warmupEpochs * stepsPerEpoch) === 0) {
    return `an epoch has ${stepsPerEpoch} steps, so the warm-up takes less than half a step and is left out`;
  }
  return warmupEpochs >= 0.75 * epochs
    ? `the run has ${epochs} epochs, so the warm-up takes most of it`
    : null;
}

function minDeltaWarning({ configuration, classCount }: CheckedRun): string | null {
  const { earlyStopping, monitor } = configuration;
  if (earlyStopping === null) return null;
  const { patience, minDelta } = earlyStopping;
  if (monitor !== "VALIDATION_LOSS") {
    return minDelta > 1
      ? `an accuracy cannot rise by more than 1, so the run always stops after ${patience + 1} epochs`
      : null;
  }
  const guessing = Math.log(classCount);
  return minDelta >= guessing
    ? `a network that guesses has a loss of ${guessing.toFixed(2)}, on which no network can improve by more`
    : null;
}

function weightDecayWarning({ configuration }: CheckedRun): string | null {
  const { weightDecay, optimizer, learningRate } = configuration;
  if (optimizer.kind === "adamW") {
    const lost = weightDecay * learningRate.initial;
    return lost > 0.1 ? `each step takes away ${share(Math.min(lost, 1))} of every weight` : null;
  }
  return weightDecay >= 1 ? "the decay outweighs the gradients, and the weights vanish" : null;
}

/** A momentum so close to 1 that early gradients decide a run to its end. */
function longMemory(
  { optimizer }: Pick<RunConfiguration, "optimizer">,
  family: "sgd" | "adam",
): string | null {
  const momentum = optimizer.kind === "sgd" ? optimizer.momentum : optimizer.beta1;
  if ((optimizer.kind === "sgd") !== (family === "sgd") || momentum < 0.9999) return null;
  return `a gradient is remembered for ${Math.round(1 / (1 - momentum)).toLocaleString("en")} steps`;
}

/** 0.05 as "5 %". */
function share(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`;
}

function images(count: number): string {
  return count === 1 ? "1 image" : `${count.toLocaleString("en")} images`;
}

import {
  Architecture,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
} from "../../core/enumerations.js";
import type { EarlyStopping, Head, RunConfiguration } from "../../core/run-configuration.js";
import { flag, number, optional, wholeNumber, word } from "./checks.js";
import type { EarlyStoppingInput, HeadInput, RunConfigurationInput } from "./input.js";
import { resolveAugmentation } from "./resolve-augmentation.js";
import { resolveLearningRate } from "./resolve-learning-rate.js";
import { resolveOptimizer } from "./resolve-optimizer.js";

/** The largest `Int` of GraphQL; a seed is any number up to it. */
const LARGEST_SEED = 2 ** 31 - 1;

/** How many epochs a run may have. */
export const EPOCH_LIMIT = 10_000;

const CHECKS = {
  widthMultiplier: number("above 0 and at most 4", (value) => value > 0 && value <= 4),
  // Five poolings halve the picture, so a smaller one would vanish.
  imageSizePixels: wholeNumber(32, 1024),
  units: wholeNumber(1, 65_536),
  dropout: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  batchSize: wholeNumber(1, 4096),
  epochs: wholeNumber(1, EPOCH_LIMIT),
  patience: wholeNumber(1, EPOCH_LIMIT),
  minDelta: number("of at least 0", (value) => value >= 0),
  seed: wholeNumber(0, LARGEST_SEED),
  frozenBlocks: wholeNumber(0, 5),
  weightDecay: number("of at least 0", (value) => value >= 0),
  gradientClipNorm: optional(number("above 0", (value) => value > 0)),
  labelSmoothing: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  checkpointEveryMinutes: optional(number("from 0.01 to 1440", (value) => value >= 0.01 && value <= 1440)),
} as const;

/**
 * The configuration with every default filled in and every value checked, but for what depends on the
 * data and on other models: `classWeights` and `initialization` are as without any. `path` in errors is
 * below the launch's input: `["configuration", "optimizer", "adam", "beta1"]`.
 *
 * @throws AppError `CONFIGURATION_INVALID` for the first value that cannot be
 */
export function resolveConfiguration(input: RunConfigurationInput): RunConfiguration {
  const at = (field: string): readonly string[] => ["configuration", field];
  const epochs = CHECKS.epochs(input.epochs ?? 10, at("epochs"));
  const batchSize = CHECKS.batchSize(input.batchSize ?? 32, at("batchSize"));
  return {
    architecture: word(Architecture, input.architecture ?? "VGG19", at("architecture")),
    batchNormalization: flag(input.batchNormalization ?? false, at("batchNormalization")),
    widthMultiplier: CHECKS.widthMultiplier(input.widthMultiplier ?? 1, at("widthMultiplier")),
    imageSizePixels: CHECKS.imageSizePixels(input.imageSizePixels ?? 224, at("imageSizePixels")),
    head: resolveHead(input.head ?? {}, at("head")),
    preprocessing: word(Preprocessing, input.preprocessing ?? "SCALE_0_1", at("preprocessing")),
    optimizer: resolveOptimizer(input.optimizer ?? { adam: {} }, at("optimizer")),
    learningRate: resolveLearningRate(
      input.learningRate ?? { constant: { initial: 0.001 } },
      epochs,
      at("learningRate"),
    ),
    batchSize,
    accumulationSteps: wholeNumber(1, batchSize)(input.accumulationSteps ?? 1, at("accumulationSteps")),
    epochs,
    precision: word(Precision, input.precision ?? "AUTO", at("precision")),
    earlyStopping: resolveEarlyStopping(input.earlyStopping ?? null, at("earlyStopping")),
    monitor: word(MonitoredMetric, input.monitor ?? "VALIDATION_TOP1", at("monitor")),
    seed: CHECKS.seed(input.seed ?? 0, at("seed")),
    initialization: { kind: "random" },
    frozenBlocks: CHECKS.frozenBlocks(input.frozenBlocks ?? 0, at("frozenBlocks")),
    augmentation: resolveAugmentation(input.augmentation ?? {}, at("augmentation")),
    weightDecay: CHECKS.weightDecay(input.weightDecay ?? 0, at("weightDecay")),
    gradientClipNorm: CHECKS.gradientClipNorm(input.gradientClipNorm, at("gradientClipNorm")),
    labelSmoothing: CHECKS.labelSmoothing(input.labelSmoothing ?? 0, at("labelSmoothing")),
    classWeights: null,
    checkpointEveryMinutes: CHECKS.checkpointEveryMinutes(
      input.checkpointEveryMinutes,
      at("checkpointEveryMinutes"),
    ),
    extendedAfterEpochs: [],
  };
}

function resolveHead(head: HeadInput, path: readonly string[]): Head {
  return {
    kind: word(HeadKind, head.kind ?? "FULLY_CONNECTED", [...path, "kind"]),
    units: CHECKS.units(head.units ?? 4096, [...path, "units"]),
    dropout: CHECKS.dropout(head.dropout ?? 0.5, [...path, "dropout"]),
  };
}

function resolveEarlyStopping(
  earlyStopping: EarlyStoppingInput | null,
  path: readonly string[],
): EarlyStopping | null {
  if (earlyStopping === null) return null;
  return {
    patience: CHECKS.patience(earlyStopping.patience, [...path, "patience"]),
    minDelta: CHECKS.minDelta(earlyStopping.minDelta ?? 0, [...path, "minDelta"]),
  };
}

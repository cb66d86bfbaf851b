import { Architecture, HeadKind, MonitoredMetric, Precision, Preprocessing } from "../core/enumerations.js";
import {
  type EarlyStopping,
  type Head,
  type LearningRate,
  NO_AUGMENTATION,
  type Optimizer,
  type RunConfiguration,
} from "../core/run-configuration.js";
import { type Check, flag, type Given, number, oneOf, wholeNumber, word } from "./configuration-checks.js";

/** What a user says about a run: the contract's input. A field that is null or absent has its default. */
export interface RunConfigurationInput {
  readonly architecture?: Given<Architecture>;
  readonly batchNormalization?: Given<boolean>;
  readonly widthMultiplier?: Given<number>;
  readonly imageSizePixels?: Given<number>;
  readonly head?: Given<HeadInput>;
  readonly preprocessing?: Given<Preprocessing>;
  readonly optimizer?: Given<OptimizerInput>;
  readonly learningRate?: Given<LearningRateInput>;
  readonly batchSize?: Given<number>;
  readonly epochs?: Given<number>;
  readonly precision?: Given<Precision>;
  readonly earlyStopping?: Given<EarlyStoppingInput>;
  readonly monitor?: Given<MonitoredMetric>;
  readonly seed?: Given<number>;
}

export interface HeadInput {
  readonly kind?: Given<HeadKind>;
  readonly units?: Given<number>;
  readonly dropout?: Given<number>;
}

/** Exactly one field. */
export interface OptimizerInput {
  readonly adam?: Given<AdamInput>;
  readonly sgd?: Given<SgdInput>;
}

export interface AdamInput {
  readonly beta1?: Given<number>;
  readonly beta2?: Given<number>;
  readonly epsilon?: Given<number>;
}

export interface SgdInput {
  readonly momentum?: Given<number>;
  readonly nesterov?: Given<boolean>;
}

/** Exactly one field. */
export interface LearningRateInput {
  readonly constant?: Given<ConstantRateInput>;
  readonly cosine?: Given<CosineInput>;
}

export interface ConstantRateInput {
  readonly initial: number;
  readonly warmupEpochs?: Given<number>;
}

export interface CosineInput {
  readonly initial: number;
  readonly minimum?: Given<number>;
  readonly warmupEpochs?: Given<number>;
}

export interface EarlyStoppingInput {
  readonly patience: number;
  readonly minDelta?: Given<number>;
}

/** The largest `Int` of GraphQL; a seed is any number up to it. */
const LARGEST_SEED = 2 ** 31 - 1;

const CHECKS = {
  widthMultiplier: number("above 0 and at most 4", (value) => value > 0 && value <= 4),
  // Five poolings halve the picture, so a smaller one would vanish.
  imageSizePixels: wholeNumber(32, 1024),
  units: wholeNumber(1, 65_536),
  dropout: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  beta: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  epsilon: number("above 0 and at most 1", (value) => value > 0 && value <= 1),
  momentum: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  initialRate: number("above 0", (value) => value > 0),
  batchSize: wholeNumber(1, 4096),
  epochs: wholeNumber(1, 10_000),
  patience: wholeNumber(1, 10_000),
  minDelta: number("of at least 0", (value) => value >= 0),
  seed: wholeNumber(0, LARGEST_SEED),
} as const;

/**
 * The configuration with every default filled in and every value checked. `path` in errors is below
 * the launch's input: `["configuration", "optimizer", "adam", "beta1"]`.
 *
 * @throws AppError `CONFIGURATION_INVALID` for the first value that cannot be
 */
export function resolveConfiguration(input: RunConfigurationInput): RunConfiguration {
  const at = (field: string): readonly string[] => ["configuration", field];
  const epochs = CHECKS.epochs(input.epochs ?? 10, at("epochs"));
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
    batchSize: CHECKS.batchSize(input.batchSize ?? 32, at("batchSize")),
    epochs,
    precision: word(Precision, input.precision ?? "FLOAT32", at("precision")),
    earlyStopping: resolveEarlyStopping(input.earlyStopping ?? null, at("earlyStopping")),
    monitor: word(MonitoredMetric, input.monitor ?? "VALIDATION_TOP1", at("monitor")),
    seed: CHECKS.seed(input.seed ?? 0, at("seed")),
    accumulationSteps: 1,
    initialization: { kind: "random" },
    frozenBlocks: 0,
    augmentation: NO_AUGMENTATION,
    weightDecay: 0,
    gradientClipNorm: null,
    labelSmoothing: 0,
    classWeights: null,
  };
}

function resolveHead(head: HeadInput, path: readonly string[]): Head {
  return {
    kind: word(HeadKind, head.kind ?? "FULLY_CONNECTED", [...path, "kind"]),
    units: CHECKS.units(head.units ?? 4096, [...path, "units"]),
    dropout: CHECKS.dropout(head.dropout ?? 0.5, [...path, "dropout"]),
  };
}

function resolveOptimizer(optimizer: OptimizerInput, path: readonly string[]): Optimizer {
  const kind = oneOf(optimizer, ["adam", "sgd"], path);
  const within = (field: string): readonly string[] => [...path, kind, field];
  if (kind === "sgd") {
    const { momentum, nesterov } = optimizer.sgd ?? {};
    return {
      kind,
      momentum: CHECKS.momentum(momentum ?? 0.9, within("momentum")),
      nesterov: flag(nesterov ?? false, within("nesterov")),
    };
  }
  const { beta1, beta2, epsilon } = optimizer.adam ?? {};
  return {
    kind,
    beta1: CHECKS.beta(beta1 ?? 0.9, within("beta1")),
    beta2: CHECKS.beta(beta2 ?? 0.999, within("beta2")),
    epsilon: CHECKS.epsilon(epsilon ?? 1e-7, within("epsilon")),
  };
}

function resolveLearningRate(
  learningRate: LearningRateInput,
  epochs: number,
  path: readonly string[],
): LearningRate {
  const kind = oneOf(learningRate, ["constant", "cosine"], path);
  const within = (field: string): readonly string[] => [...path, kind, field];
  const { initial, warmupEpochs } = learningRate[kind] ?? {};
  const shared = {
    initial: CHECKS.initialRate(initial, within("initial")),
    warmupEpochs: warmupBelow(epochs)(warmupEpochs ?? 0, within("warmupEpochs")),
  };
  if (kind === "constant") return { kind, ...shared };
  const minimum = number("from 0 to `initial`", (value) => value >= 0 && value <= shared.initial);
  return { kind, ...shared, minimum: minimum(learningRate.cosine?.minimum ?? 0, within("minimum")) };
}

function warmupBelow(epochs: number): Check<number> {
  return number(
    `of at least 0 and below the number of epochs (${epochs})`,
    (value) => value >= 0 && value < epochs,
  );
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

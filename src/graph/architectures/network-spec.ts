import { AppError } from "../../core/app-error.js";
import type { ComputePrecision, Preprocessing } from "../../core/enumerations.js";
import type {
  Augmentation,
  LearningRate,
  Optimizer,
  RunConfiguration,
} from "../../core/run-configuration.js";
import type { CustomOp } from "../custom-op.js";
import type { NetworkShape } from "./architecture.js";
import { layerTable } from "./layer-table.js";
import { ARCHITECTURES } from "./registry.js";

/** The settings that decide a network's operations and variables. */
export interface NetworkSpec extends NetworkShape {
  readonly preprocessing: Preprocessing;
  readonly precision: ComputePrecision;
  /** Decides the initial weights and the dropped activations. */
  readonly seed: number;
}

/** The settings that decide how the weights change. */
export interface TrainingSpec {
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly weightDecay: number;
  readonly gradientClipNorm: number | null;
  readonly labelSmoothing: number;
  /** By class; null: every sample counts the same. */
  readonly classWeights: readonly number[] | null;
  readonly augmentation: Augmentation;
  /** The first stages of the network, which do not learn; 0: all of them learn. */
  readonly frozenStages: number;
  /** Whether training and evaluation start from the features that the frozen stages give. */
  readonly cachedFeatures: boolean;
  /** Variables that `import` reads from another network's checkpoint; where there are none, there is no `import`. */
  readonly importedVariables: readonly string[];
  /** Whether a batch is computed in micro-batches: `accumulate` and `apply` in place of `train_step`. */
  readonly accumulation: boolean;
  /** The most samples that are computed at once. */
  readonly microBatchSize: number;
  /** The custom ops that the engine has. */
  readonly customOps: readonly CustomOp[];
}

/**
 * The part of a run's configuration that shapes its network.
 *
 * @param precision the configuration's precision, AUTO replaced by the choice for this machine
 */
export function networkOfRun(
  configuration: RunConfiguration,
  classCount: number,
  precision: ComputePrecision,
): NetworkSpec {
  return {
    architecture: configuration.architecture,
    batchNormalization: configuration.batchNormalization,
    widthMultiplier: configuration.widthMultiplier,
    imageSizePixels: configuration.imageSizePixels,
    head: configuration.head,
    preprocessing: configuration.preprocessing,
    precision,
    classCount,
    seed: configuration.seed,
  };
}

/** The facts that training needs beside the run's configuration. */
export interface TrainingPlan {
  readonly importedVariables: readonly string[];
  readonly stepsPerEpoch: number;
  readonly cachedFeatures: boolean;
  readonly accumulation: boolean;
  readonly microBatchSize: number;
  readonly customOps: readonly CustomOp[];
}

/** The part of a run's configuration that decides how its weights change. */
export function trainingOfRun(configuration: RunConfiguration, plan: TrainingPlan): TrainingSpec {
  return {
    optimizer: configuration.optimizer,
    learningRate: configuration.learningRate,
    epochs: configuration.epochs,
    weightDecay: configuration.weightDecay,
    gradientClipNorm: configuration.gradientClipNorm,
    labelSmoothing: configuration.labelSmoothing,
    classWeights: configuration.classWeights?.weights ?? null,
    augmentation: configuration.augmentation,
    frozenStages: configuration.frozenBlocks,
    ...plan,
  };
}

interface Requirement {
  readonly field: string;
  readonly takes: (network: NetworkSpec) => string;
  readonly holds: (network: NetworkSpec) => boolean;
  readonly received: (network: NetworkSpec) => unknown;
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    field: "imageSizePixels",
    takes: ({ architecture }) =>
      `a whole number of at least ${ARCHITECTURES[architecture].minImageSizePixels}`,
    holds: ({ architecture, imageSizePixels: size }) =>
      Number.isInteger(size) && size >= ARCHITECTURES[architecture].minImageSizePixels,
    received: ({ imageSizePixels }) => imageSizePixels,
  },
  {
    field: "batchNormalization",
    takes: ({ architecture }) => `true, because ${architecture} always has batch normalization`,
    holds: ({ architecture, batchNormalization }) =>
      batchNormalization || ARCHITECTURES[architecture].batchNormalization === "optional",
    received: ({ batchNormalization }) => batchNormalization,
  },
  {
    field: "head.kind",
    takes: ({ architecture }) => `one of ${ARCHITECTURES[architecture].heads.join(", ")} for ${architecture}`,
    holds: ({ architecture, head }) => ARCHITECTURES[architecture].heads.includes(head.kind),
    received: ({ head }) => head.kind,
  },
  {
    field: "widthMultiplier",
    takes: () => "a number above 0",
    holds: ({ widthMultiplier: width }) => Number.isFinite(width) && width > 0,
    received: ({ widthMultiplier }) => widthMultiplier,
  },
  {
    field: "classCount",
    takes: () => "a whole number of at least 1",
    holds: ({ classCount }) => Number.isInteger(classCount) && classCount >= 1,
    received: ({ classCount }) => classCount,
  },
  {
    field: "head.units",
    takes: () => "a whole number of at least 1",
    holds: ({ head }) => head.kind !== "FULLY_CONNECTED" || (Number.isInteger(head.units) && head.units >= 1),
    received: ({ head }) => head.units,
  },
  {
    field: "head.dropout",
    takes: () => "a fraction of at least 0 and below 1",
    holds: ({ head }) => head.dropout >= 0 && head.dropout < 1,
    received: ({ head }) => head.dropout,
  },
  {
    field: "seed",
    takes: () => "a whole number",
    holds: ({ seed }) => Number.isSafeInteger(seed),
    received: ({ seed }) => seed,
  },
];

/** @throws AppError `NETWORK_INVALID` that names the first field which no network can be built from */
export function checkNetwork(network: NetworkSpec): void {
  for (const { field, takes, holds, received } of REQUIREMENTS) {
    if (!holds(network)) {
      throw new AppError(
        "NETWORK_INVALID",
        `A network's ${field} must be ${takes(network)}. Received ${JSON.stringify(received(network))}.`,
        { path: field.split(".") },
      );
    }
  }
}

/**
 * Elements of all the network's variables, moving statistics included, as Keras counts them:
 * 143,667,240 for VGG19 at 224 pixels with 1000 classes.
 *
 * @throws AppError `NETWORK_INVALID`
 */
export function countParameters(network: NetworkSpec): number {
  checkNetwork(network);
  return layerTable(network).reduce((total, { parameters }) => total + parameters, 0);
}

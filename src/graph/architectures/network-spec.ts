import { AppError } from "../../core/app-error.js";
import type { ComputePrecision, Preprocessing } from "../../core/enumerations.js";
import type {
  Augmentation,
  LearningRate,
  Optimizer,
  RunConfiguration,
} from "../../core/run-configuration.js";
import type { CustomOp } from "../custom-op.js";
import { layerTable } from "./layer-table.js";
import type { VggSpec } from "./vgg.js";

/** Everything that decides a network's operations and variables. */
export interface NetworkSpec extends VggSpec {
  readonly preprocessing: Preprocessing;
  readonly precision: ComputePrecision;
  /** Decides the initial weights and the dropped activations. */
  readonly seed: number;
}

/** Everything that decides how the weights change. */
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
  /** The first blocks of convolutions that do not learn, 0 to 5. */
  readonly frozenBlocks: number;
  /** Whether training and evaluation start from the features that the frozen blocks give. */
  readonly cachedFeatures: boolean;
  /** Variables of the network that `import` reads from another network's checkpoint; none: there is no `import`. */
  readonly importedVariables: readonly string[];
  /** Whether a batch comes in parts: `accumulate` and `apply` in place of `train_step`. */
  readonly accumulation: boolean;
  /** The most samples that are computed at once. */
  readonly microBatchSize: number;
  /** What the engine that trains has beside TensorFlow's own operations. */
  readonly customOps: readonly CustomOp[];
}

/**
 * The part of a run's configuration that shapes its network.
 *
 * @param precision what the configuration's precision became on this machine
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

/** What training needs to know beyond the run's configuration. */
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
    frozenBlocks: configuration.frozenBlocks,
    ...plan,
  };
}

/** Five poolings halve the picture; a smaller one would vanish. */
const MINIMUM_IMAGE_SIZE_PIXELS = 32;

interface Requirement {
  readonly field: string;
  readonly takes: string;
  readonly holds: (network: NetworkSpec) => boolean;
  readonly received: (network: NetworkSpec) => unknown;
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    field: "imageSizePixels",
    takes: `a whole number of at least ${MINIMUM_IMAGE_SIZE_PIXELS}`,
    holds: ({ imageSizePixels: size }) => Number.isInteger(size) && size >= MINIMUM_IMAGE_SIZE_PIXELS,
    received: ({ imageSizePixels }) => imageSizePixels,
  },
  {
    field: "widthMultiplier",
    takes: "a number above 0",
    holds: ({ widthMultiplier: width }) => Number.isFinite(width) && width > 0,
    received: ({ widthMultiplier }) => widthMultiplier,
  },
  {
    field: "classCount",
    takes: "a whole number of at least 1",
    holds: ({ classCount }) => Number.isInteger(classCount) && classCount >= 1,
    received: ({ classCount }) => classCount,
  },
  {
    field: "head.units",
    takes: "a whole number of at least 1",
    holds: ({ head }) => head.kind !== "FULLY_CONNECTED" || (Number.isInteger(head.units) && head.units >= 1),
    received: ({ head }) => head.units,
  },
  {
    field: "head.dropout",
    takes: "a fraction of at least 0 and below 1",
    holds: ({ head }) => head.dropout >= 0 && head.dropout < 1,
    received: ({ head }) => head.dropout,
  },
  {
    field: "seed",
    takes: "a whole number",
    holds: ({ seed }) => Number.isSafeInteger(seed),
    received: ({ seed }) => seed,
  },
];

/** @throws AppError `NETWORK_INVALID` naming the first field that no network can be built from */
export function checkNetwork(network: NetworkSpec): void {
  for (const { field, takes, holds, received } of REQUIREMENTS) {
    if (!holds(network)) {
      throw new AppError(
        "NETWORK_INVALID",
        `A network's ${field} must be ${takes}. Received ${JSON.stringify(received(network))}.`,
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

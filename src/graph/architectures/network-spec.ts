import { AppError } from "../../core/app-error.js";
import type { ComputePrecision, Preprocessing } from "../../core/enumerations.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import { accepts, describeAccepted } from "../../core/settings/check.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import type { Scalar } from "../../core/settings/setting.js";
import type { CustomOp } from "../custom-op.js";
import type { NetworkShape } from "./architecture.js";
import { layerTable } from "./layer-table.js";
import { checkLayerWidths } from "./layer-widths.js";
import { ARCHITECTURES } from "./registry.js";

/** The settings that decide a network's operations and variables. */
export interface NetworkSpec extends NetworkShape {
  readonly preprocessing: Preprocessing;
  readonly precision: ComputePrecision;
  /** Decides the initial weights and the dropped activations. */
  readonly seed: number;
}

/** The classes of the network that imported variables come from, where they are not those of the network. */
export interface ImportedClasses {
  readonly sourceCount: number;
  /** The position of each class of the network among those of the source; null: a new class, which starts at random. */
  readonly positions: readonly (number | null)[];
}

/** The network whose outputs training imitates. */
export interface TeacherSpec {
  /** Its `precision` does not matter: it computes in that of the network that trains. */
  readonly network: NetworkSpec;
  /** The place of each class of the network that trains among the teacher's. */
  readonly classPositions: readonly number[];
  /** Whether its logits were computed before and are fed; otherwise it computes in the graph. */
  readonly cachedLogits: boolean;
}

/** The facts that training needs beside the run's configuration. */
export interface TrainingPlan {
  readonly stepsPerEpoch: number;
  /** Whether training and evaluation start from the features that the frozen stages give. */
  readonly cachedFeatures: boolean;
  /** Variables that `import` reads from another network's checkpoint; where there are none, there is no `import`. */
  readonly importedVariables: readonly string[];
  /** Null: the imported variables of the last layer have the network's classes. */
  readonly importedClasses: ImportedClasses | null;
  /** Whether a batch is computed in micro-batches: `accumulate` and `apply` in place of `train_step`. */
  readonly accumulation: boolean;
  /** The most samples that are computed at once. */
  readonly microBatchSize: number;
  /** Null: training learns from the labels alone. */
  readonly teacher: TeacherSpec | null;
  /** The custom ops that the engine has. */
  readonly customOps: readonly CustomOp[];
  /** Convolutions whose kernel gradients Eigen computes; see `convolutionName`. */
  readonly eigenKernelGradients: readonly string[];
}

/** Everything that decides how the weights change: the settings of the run, and the plan of the attempt. */
export interface TrainingSpec extends Omit<RunConfiguration, "classWeights" | "frozenBlocks">, TrainingPlan {
  /** By class; null: every sample counts the same. */
  readonly classWeights: readonly number[] | null;
  /** The first stages of the network, which do not learn; 0: all of them learn. */
  readonly frozenStages: number;
}

/**
 * The part of a run's configuration that shapes its network.
 *
 * @param precision the configuration's precision, AUTO replaced by the choice for this machine
 * @param layerWidths of a run whose network is pruned; null: the widths are those of the architecture
 */
export function networkOfRun(
  configuration: RunConfiguration,
  classCount: number,
  precision: ComputePrecision,
  layerWidths: LayerWidths | null = null,
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
    ...(layerWidths === null ? {} : { layerWidths }),
  };
}

export function trainingOfRun(
  { classWeights, frozenBlocks, ...settings }: RunConfiguration,
  plan: TrainingPlan,
): TrainingSpec {
  return { ...settings, classWeights: classWeights?.weights ?? null, frozenStages: frozenBlocks, ...plan };
}

interface Requirement {
  readonly field: string;
  readonly takes: (network: NetworkSpec) => string;
  readonly holds: (network: NetworkSpec) => boolean;
  readonly received: (network: NetworkSpec) => unknown;
  /** Whether the field means anything for the network; by default it does. */
  readonly applies?: (network: NetworkSpec) => boolean;
}

const { settings } = RUN_SETTINGS;

/** The range of a run's setting. */
function setting(field: string, facts: Scalar, received: (network: NetworkSpec) => unknown): Requirement {
  return {
    field,
    takes: () => describeAccepted(facts),
    holds: (network) => accepts(facts, received(network)),
    received,
  };
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
  setting("widthMultiplier", settings.widthMultiplier, ({ widthMultiplier }) => widthMultiplier),
  {
    field: "classCount",
    takes: () => "a whole number of at least 1",
    holds: ({ classCount }) => Number.isInteger(classCount) && classCount >= 1,
    received: ({ classCount }) => classCount,
  },
  {
    ...setting("head.units", settings.head.settings.units, ({ head }) => head.units),
    applies: ({ head }) => head.kind === "FULLY_CONNECTED",
  },
  setting("head.dropout", settings.head.settings.dropout, ({ head }) => head.dropout),
  setting("seed", settings.seed, ({ seed }) => seed),
];

/** @throws AppError `NETWORK_INVALID` that names the first field which no network can be built from */
export function checkNetwork(network: NetworkSpec): void {
  for (const { field, takes, holds, received, applies = () => true } of REQUIREMENTS) {
    if (!applies(network) || holds(network)) continue;
    throw new AppError(
      "NETWORK_INVALID",
      `A network's ${field} must be ${takes(network)}. Received ${JSON.stringify(received(network))}.`,
      { path: field.split(".") },
    );
  }
  checkLayerWidths(network);
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

import { AppError } from "../../core/app-error.js";
import type { Precision, Preprocessing } from "../../core/enumerations.js";
import type { LearningRate, Optimizer, RunConfiguration } from "../../core/run-configuration.js";
import { layerTable } from "./layer-table.js";
import type { VggSpec } from "./vgg.js";

/** Everything that decides a network's operations and variables. */
export interface NetworkSpec extends VggSpec {
  readonly preprocessing: Preprocessing;
  readonly precision: Precision;
  /** Decides the initial weights and the dropped activations. */
  readonly seed: number;
}

/** Everything that decides how the weights change. */
export interface TrainingSpec {
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** The part of a run's configuration that shapes its network. */
export function networkOfRun(configuration: RunConfiguration, classCount: number): NetworkSpec {
  return {
    architecture: configuration.architecture,
    batchNormalization: configuration.batchNormalization,
    widthMultiplier: configuration.widthMultiplier,
    imageSizePixels: configuration.imageSizePixels,
    head: configuration.head,
    preprocessing: configuration.preprocessing,
    precision: configuration.precision,
    classCount,
    seed: configuration.seed,
  };
}

/** Five poolings halve the picture; a smaller one would vanish. */
export const MINIMUM_IMAGE_SIZE_PIXELS = 32;

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

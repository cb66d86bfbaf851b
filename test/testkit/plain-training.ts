import { NO_AUGMENTATION, type RunConfiguration } from "../../src/core/run-configuration.js";
import type { TrainingSpec } from "../../src/graph/architectures/network-spec.js";

/** Training with nothing beyond an optimizer and a learning rate, which tests choose. */
export const PLAIN_TRAINING: Omit<TrainingSpec, "optimizer" | "learningRate" | "epochs" | "stepsPerEpoch"> = {
  weightDecay: 0,
  gradientClipNorm: null,
  labelSmoothing: 0,
  classWeights: null,
  augmentation: NO_AUGMENTATION,
  frozenStages: 0,
  cachedFeatures: false,
  accumulation: false,
  microBatchSize: 8,
  importedVariables: [],
  customOps: [],
};

/** The same, as a run's configuration says it. */
export const PLAIN_CONFIGURATION: Pick<
  RunConfiguration,
  | "accumulationSteps"
  | "initialization"
  | "frozenBlocks"
  | "augmentation"
  | "weightDecay"
  | "gradientClipNorm"
  | "labelSmoothing"
  | "classWeights"
  | "checkpointEveryMinutes"
  | "extendedAfterEpochs"
> = {
  accumulationSteps: 1,
  initialization: { kind: "random" },
  frozenBlocks: 0,
  augmentation: NO_AUGMENTATION,
  weightDecay: 0,
  gradientClipNorm: null,
  labelSmoothing: 0,
  classWeights: null,
  checkpointEveryMinutes: null,
  extendedAfterEpochs: [],
};

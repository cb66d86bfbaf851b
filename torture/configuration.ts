import type { RunConfigurationInput } from "../src/client/generated/graphql.js";

export const EPOCHS = 8;

/** A small run with every setting that uses randomness, keeps state or depends on the step. */
export const CONFIGURATION = {
  architecture: "VGG11",
  widthMultiplier: 0.25,
  imageSizePixels: 80,
  batchNormalization: true,
  head: { kind: "FULLY_CONNECTED", units: 64, dropout: 0.5 },
  optimizer: { adamW: {} },
  weightDecay: 0.01,
  learningRate: { cosine: { initial: 0.002, warmupEpochs: 1.5 } },
  augmentation: { horizontalFlip: true, rotationDegrees: 15, widthShift: 0.1, zoom: 0.1, brightness: 0.2 },
  labelSmoothing: 0.1,
  batchSize: 16,
  // Shorter than an epoch, so that some kills follow a checkpoint inside an epoch.
  checkpointEveryMinutes: 0.01,
  epochs: EPOCHS,
  precision: "FLOAT32",
  seed: 11,
} as const satisfies RunConfigurationInput;

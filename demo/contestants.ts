import type { RunConfigurationInput } from "../src/client/generated/graphql.js";

/** The common settings of the runs: a narrow VGG13 that two processor cores train in a minute. */
const SHARED = {
  architecture: "VGG13",
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  optimizer: { adam: {} },
  epochs: 12,
  seed: 7,
} as const satisfies RunConfigurationInput;

const SMALL_DATASET_IMAGES = 2_000;
/** The rate is proportional to the batch size: linear scaling, Goyal et al. 2017, section 2.1. */
const LEARNING_RATE_PER_IMAGE = 0.000125;

export const EPOCHS = SHARED.epochs;
export const SHARED_SUMMARY = `${SHARED.architecture} x ${SHARED.widthMultiplier}, ${SHARED.imageSizePixels} px, ${EPOCHS} epochs, Adam`;

/** One of the two runs that are compared. */
export interface Contestant {
  readonly label: string;
  readonly configuration: RunConfigurationInput;
}

/** Returns two runs that differ in one setting, so that the comparison has a clear cause. */
export function contestants(sampleCount: number): readonly Contestant[] {
  // A small dataset has few steps per epoch. Smaller batches give it more.
  const batchSize = sampleCount < SMALL_DATASET_IMAGES ? 16 : 32;
  const learningRate = { cosine: { initial: LEARNING_RATE_PER_IMAGE * batchSize, warmupEpochs: 2 } };
  const shared = { ...SHARED, batchSize, learningRate };
  return [
    { label: "plain", configuration: { ...shared, batchNormalization: false } },
    { label: "batch normalized", configuration: { ...shared, batchNormalization: true } },
  ];
}

import type { RunConfigurationInput } from "../src/client/generated/graphql.js";

/** Settings that the two runs share: a narrow VGG13 that two processor cores train in a minute. */
const SHARED = {
  architecture: "VGG13",
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  optimizer: { adam: {} },
  epochs: 12,
  seed: 7,
} as const satisfies RunConfigurationInput;

const FEW_PICTURES = 2_000;
/** The rate grows with the batch: linear scaling, Goyal et al. 2017, section 2.1. */
const LEARNING_RATE_PER_PICTURE = 0.000125;

export const EPOCHS = SHARED.epochs;
export const SHARED_SUMMARY = `${SHARED.architecture} x ${SHARED.widthMultiplier}, ${SHARED.imageSizePixels} px, ${EPOCHS} epochs, Adam`;

/** One of the two that compete. */
export interface Contestant {
  readonly label: string;
  readonly configuration: RunConfigurationInput;
}

/** The two differ in one setting, so that the comparison has one answer. */
export function contestants(sampleCount: number): readonly Contestant[] {
  // A small data set has few steps in an epoch; smaller batches give it more.
  const batchSize = sampleCount < FEW_PICTURES ? 16 : 32;
  const learningRate = { cosine: { initial: LEARNING_RATE_PER_PICTURE * batchSize, warmupEpochs: 2 } };
  const shared = { ...SHARED, batchSize, learningRate };
  return [
    { label: "plain", configuration: { ...shared, batchNormalization: false } },
    { label: "batch normalised", configuration: { ...shared, batchNormalization: true } },
  ];
}

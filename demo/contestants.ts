/** Settings that the two runs share: a narrow VGG11 that two processor cores train in a minute. */
const SHARED = {
  architecture: "VGG11",
  widthMultiplier: 0.3125,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  optimizer: { adam: {} },
  learningRate: { cosine: { initial: 0.002, warmupEpochs: 2 } },
  epochs: 12,
  precision: "MIXED_BFLOAT16",
  seed: 7,
};

const FEW_PICTURES = 2_000;

export const EPOCHS = SHARED.epochs;
export const SHARED_SUMMARY = `${SHARED.architecture} x ${SHARED.widthMultiplier}, ${SHARED.imageSizePixels} px, ${EPOCHS} epochs, Adam`;

/** One of the two that compete. */
export interface Contestant {
  readonly label: string;
  /** A RunConfigurationInput. */
  readonly configuration: Record<string, unknown>;
}

/** The two differ in one setting, so that the comparison has one answer. */
export function contestants(sampleCount: number): readonly Contestant[] {
  // A small data set has few steps in an epoch; smaller batches give it more.
  const batchSize = sampleCount < FEW_PICTURES ? 16 : 32;
  return [
    { label: "plain", configuration: { ...SHARED, batchSize, batchNormalization: false } },
    { label: "batch normalised", configuration: { ...SHARED, batchSize, batchNormalization: true } },
  ];
}

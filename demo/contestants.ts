/** Settings that the two runs share: a narrow VGG13 that two processor cores train in a minute. */
const SHARED = {
  architecture: "VGG13",
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  optimizer: { adam: {} },
  learningRate: { cosine: { initial: 0.002, warmupEpochs: 1 } },
  batchSize: 32,
  epochs: 12,
  precision: "MIXED_BFLOAT16",
  seed: 7,
};

export const SHARED_SUMMARY = `${SHARED.architecture} x ${SHARED.widthMultiplier}, ${SHARED.imageSizePixels} px, ${SHARED.epochs} epochs, Adam`;
export const EPOCHS = SHARED.epochs;

/** The two that compete. They differ in one setting, so that the comparison has one answer. */
export const CONTESTANTS = [
  { label: "plain", configuration: { ...SHARED, batchNormalization: false } },
  { label: "batch normalised", configuration: { ...SHARED, batchNormalization: true } },
] as const;

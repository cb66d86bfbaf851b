import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { NetworkSpec, TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

/** VGG11 at a sixteenth of its width on the smallest images: a step takes milliseconds. */
export const TINY_NETWORK: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 1 / 16,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 4,
  seed: 3,
};

export const TINY_TRAINING: TrainingSpec = {
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  learningRate: { kind: "constant", initial: 3e-3, warmupEpochs: 0 },
  epochs: 10,
  stepsPerEpoch: 10,
  ...PLAIN_TRAINING,
};

/** Deterministic images: each has its own color with noise. */
export function images(count: number, sizePixels = TINY_NETWORK.imageSizePixels): TensorValue {
  const bytesEach = sizePixels * sizePixels * 3;
  const data = new Uint8Array(count * bytesEach);
  let state = 12345;
  for (let image = 0; image < count; image++) {
    const color = [(image * 83) % 200, (image * 47 + 60) % 200, (image * 131 + 120) % 200];
    for (let i = 0; i < bytesEach; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[image * bytesEach + i] = color[i % 3]! + (state >>> 26);
    }
  }
  return { dtype: "uint8", shape: [count, sizePixels, sizePixels, 3], data };
}

/** 0, 1, 2, 3, 0, 1 ... */
export function labels(count: number, classCount = TINY_NETWORK.classCount): TensorValue {
  return {
    dtype: "int32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => i % classCount),
  };
}

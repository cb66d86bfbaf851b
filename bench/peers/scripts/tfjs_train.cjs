/**
 * Trains VGG19 on one batch of noise with the layers API of TensorFlow.js, which computes in float32 on the same
 * native TensorFlow library as Espalier.
 */
const { parseArgs } = require("node:util");
const util = require("node:util");

// Node 23 removed it, and every operation of the package calls it.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require("@tensorflow/tfjs-node-gpu");

/** Convolutions and filters per block. Simonyan and Zisserman (2015), table 1, column E. */
const BLOCKS = [
  { convolutions: 2, filters: 64 },
  { convolutions: 2, filters: 128 },
  { convolutions: 4, filters: 256 },
  { convolutions: 4, filters: 512 },
  { convolutions: 4, filters: 512 },
];
const HIDDEN_UNITS = 4096;
const CLASSES = 1000;
const LEARNING_RATE = 1e-4;
const KIB = 1024;

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "vgg19" },
    precision: { type: "string", default: "float32" },
    "image-size": { type: "string", default: "224" },
    batch: { type: "string", default: "8" },
    "warm-up": { type: "string", default: "2" },
    steps: { type: "string", default: "5" },
  },
});
const [side, batch, warmUp, steps] = ["image-size", "batch", "warm-up", "steps"].map((name) =>
  Number(values[name]),
);

function vgg19() {
  const model = tf.sequential();
  for (const [index, { convolutions, filters }] of BLOCKS.entries()) {
    for (let layer = 0; layer < convolutions; layer++) {
      const inputShape = index === 0 && layer === 0 ? { inputShape: [side, side, 3] } : {};
      const options = { filters, kernelSize: 3, padding: "same", activation: "relu", ...inputShape };
      model.add(tf.layers.conv2d({ ...options, kernelInitializer: "heNormal" }));
    }
    model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  }
  model.add(tf.layers.flatten());
  for (let layer = 0; layer < 2; layer++) {
    model.add(tf.layers.dense({ units: HIDDEN_UNITS, activation: "relu" }));
    model.add(tf.layers.dropout({ rate: 0.5 }));
  }
  model.add(tf.layers.dense({ units: CLASSES, activation: "softmax" }));
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: "categoricalCrossentropy" });
  return model;
}

async function main() {
  const model = vgg19();
  const images = tf.randomUniform([batch, side, side, 3]);
  const labels = tf.oneHot(tf.randomUniform([batch], 0, CLASSES, "int32"), CLASSES);
  const seconds = [];
  for (let step = 0; step < warmUp + steps; step++) {
    const started = performance.now();
    await model.trainOnBatch(images, labels);
    if (step >= warmUp) seconds.push((performance.now() - started) / 1000);
  }
  const secondsPerStep = median(seconds);
  const result = {
    version: `TensorFlow.js ${tf.version["tfjs-core"]}`,
    precision: "float32",
    secondsPerStep,
    imagesPerSecond: batch / secondsPerStep,
    peakMemoryBytes: process.resourceUsage().maxRSS * KIB,
  };
  console.log(JSON.stringify(result));
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

main();

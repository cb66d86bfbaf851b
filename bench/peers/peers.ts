import { Precision } from "../../src/core/enumerations.js";
import { type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { existingFile, existingFolder, oneWord, optional, someWords, wholeNumber } from "../options.js";
import { PeerRunner } from "./peer-runner.js";
import { compareRecipe } from "./recipe-comparison.js";
import { compareTraining } from "./training-comparison.js";

const OPTIONS = {
  python: existingFile("<interpreter>", "Python with the peers' packages installed"),
  scripts: existingFolder("<folder>", "the peers' scripts"),
  only: someWords("train: VGG19's steps; recipe: epochs of a small network from scratch", [
    "train",
    "recipe",
  ]),
  rounds: wholeNumber("how often each takes its turn", { from: 1, otherwise: 3 }),
  data: optional(existingFile("<archive>", "pictures in class folders, instead of drawn flowers")),
  precision: oneWord("what the product computes in", Object.values(Precision), "AUTO"),
  "image-size": wholeNumber("train: height and width, in pixels", { from: 32, otherwise: 224 }),
  batch: wholeNumber("train: pictures of a step", { from: 1, otherwise: 8 }),
  steps: wholeNumber("train: steps to measure in a turn", { from: 1, otherwise: 5 }),
  "recipe-image-size": wholeNumber("recipe: height and width, in pixels", { from: 32, otherwise: 64 }),
  "recipe-epochs": wholeNumber("recipe: epochs of a turn", { from: 2, otherwise: 5 }),
  "drawn-pictures": wholeNumber("recipe: how many are drawn", { from: 100, otherwise: 4000 }),
} as const;

const NOTHING: Measurement = { figures: {}, settings: {} };

/** The product beside what users would run instead. Ratios are the product's figure divided by the peer's. */
export const peers: Benchmark = benchmark(
  "ratios to TensorFlow, Keras, PyTorch and TensorFlow.js on the same machine",
  OPTIONS,
  async (options, context) => {
    const { python, scripts: scriptsFolder, data: dataFile, precision, rounds, only } = options;
    const runner = new PeerRunner({ python, scriptsFolder, context });
    const training = {
      imageSizePixels: options["image-size"],
      batchSize: options.batch,
      steps: options.steps,
    };
    const recipe = {
      drawnPictures: options["drawn-pictures"],
      imageSizePixels: options["recipe-image-size"],
      epochs: options["recipe-epochs"],
    };
    const shared = { dataFile, precision, rounds };
    const steps = only.includes("train")
      ? await compareTraining({ ...shared, ...training }, runner, context)
      : NOTHING;
    const epochs = only.includes("recipe")
      ? await compareRecipe({ ...shared, ...recipe }, runner, context)
      : NOTHING;
    const figures = Object.entries({ ...steps.figures, ...epochs.figures });
    return {
      figures: Object.fromEntries(figures.map(([name, value]) => [name, rounded(value)])),
      // Where both have one, such as the batch size, it is that of the training steps.
      settings: { ...epochs.settings, ...steps.settings, rounds },
    };
  },
);

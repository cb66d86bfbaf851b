import {
  existingFile,
  existingFolder,
  oneWord,
  optional,
  someWords,
  wholeNumber,
} from "../../src/client/options.js";
import { Precision } from "../../src/core/enumerations.js";
import { type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
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
  rounds: wholeNumber("how often each takes its turn", { minimum: 1, otherwise: 3 }),
  data: optional(existingFile("<archive>", "images in class folders, instead of drawn flowers")),
  precision: oneWord("the precision of Espalier's networks", Object.values(Precision), "AUTO"),
  imageSize: wholeNumber("train: height and width, in pixels", { minimum: 32, otherwise: 224 }),
  batch: wholeNumber("train: images per step", { minimum: 1, otherwise: 8 }),
  steps: wholeNumber("train: steps to measure in a turn", { minimum: 1, otherwise: 5 }),
  recipeImageSize: wholeNumber("recipe: height and width, in pixels", { minimum: 32, otherwise: 64 }),
  recipeEpochs: wholeNumber("recipe: epochs of a turn", { minimum: 2, otherwise: 5 }),
  drawnImages: {
    ...wholeNumber("recipe: images to draw", { minimum: 100, otherwise: 4000 }),
    formerName: "drawn-pictures",
  },
} as const;

const NOTHING: Measurement = { figures: {}, settings: {} };

/** The product beside what users would run instead. Ratios are the product's figure divided by the peer's. */
export const peers: Benchmark = benchmark(
  "peers",
  "ratios to TensorFlow, Keras, PyTorch and TensorFlow.js on the same machine",
  OPTIONS,
  async (options, context) => {
    const { python, scripts: scriptsFolder, data: dataFile, precision, rounds, only } = options;
    const runner = new PeerRunner({ python, scriptsFolder, context });
    const training = {
      imageSizePixels: options.imageSize,
      batchSize: options.batch,
      steps: options.steps,
    };
    const recipe = {
      drawnImages: options.drawnImages,
      imageSizePixels: options.recipeImageSize,
      epochs: options.recipeEpochs,
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

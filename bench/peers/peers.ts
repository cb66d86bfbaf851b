import { existingFile, oneWord, optional, someWords, wholeNumber } from "../../src/client/options.js";
import { Precision } from "../../src/core/enumerations.js";
import { type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { PEER_ARCHITECTURES } from "./peer-scripts.js";
import { compareRecipe } from "./recipe-comparison.js";
import { compareStore } from "./store-comparison.js";
import { compareTraining } from "./training-comparison.js";

const OPTIONS = {
  python: optional(
    existingFile(
      "<interpreter>",
      "Python with the packages of bench/peers/requirements.txt; without it only " +
        "TensorFlow.js is compared",
    ),
  ),
  only: someWords(
    "train: training steps; recipe: epochs of a small network from scratch; store: runs and metrics",
    ["train", "recipe", "store"],
    ["train", "recipe"],
  ),
  rounds: wholeNumber("train, recipe: how often each takes its turn", { minimum: 1, otherwise: 3 }),
  data: optional(existingFile("<archive>", "images in class folders, instead of drawn flowers")),
  precision: oneWord("the precision of Espalier's networks", Object.values(Precision), "AUTO"),
  peerPrecision: oneWord(
    "the precision of the peers; BEST compares the one that is faster here",
    ["BEST", "float32", "bfloat16"],
    "BEST",
  ),
  architectures: someWords("train: the networks", PEER_ARCHITECTURES, ["VGG19"]),
  imageSize: wholeNumber("train: height and width, in pixels", { minimum: 32, otherwise: 224 }),
  batch: wholeNumber("train: images per step", { minimum: 1, otherwise: 8 }),
  steps: wholeNumber("train: steps to measure in a turn", { minimum: 1, otherwise: 5 }),
  recipeImageSize: wholeNumber("recipe: height and width, in pixels", { minimum: 32, otherwise: 64 }),
  recipeEpochs: wholeNumber("recipe: epochs of a turn", { minimum: 2, otherwise: 5 }),
  drawnImages: {
    ...wholeNumber("recipe: images to draw", { minimum: 100, otherwise: 4000 }),
    formerName: "drawn-pictures",
  },
  runs: wholeNumber("store: runs that have ended", { minimum: 20, otherwise: 4000 }),
  pointsPerRun: wholeNumber("store: metric points per run", { minimum: 20, otherwise: 100 }),
} as const;

/** The calls per measured time and the seconds of writing of the comparison of stores. */
const STORE = { calls: 50, seconds: 20 };

/** Compares the product with other software. A ratio is the product's figure divided by the peer's. */
export const peers: Benchmark = benchmark(
  "peers",
  "ratios to TensorFlow, Keras, PyTorch, TensorFlow.js and MLflow on the same machine",
  OPTIONS,
  async (options, context) => {
    const { data: dataFile, precision, rounds, only } = options;
    const runnerOptions = { python: options.python, precision: options.peerPrecision, context };
    const shared = { dataFile, precision, rounds };
    const parts: Measurement[] = [];
    if (only.includes("recipe")) {
      const epochs = { imageSizePixels: options.recipeImageSize, epochs: options.recipeEpochs };
      const recipe = { ...shared, ...epochs, drawnImages: options.drawnImages };
      const { figures, settings } = await compareRecipe(recipe, runnerOptions);
      parts.push({ figures, settings: withPrefix("recipe", settings) });
    }
    if (only.includes("store")) {
      const { runs, pointsPerRun } = options;
      const store = { ...STORE, runs, pointsPerRun };
      const { figures, settings } = await compareStore(store, runnerOptions);
      parts.push({ figures, settings: withPrefix("store", settings) });
    }
    if (only.includes("train")) {
      const { architectures, imageSize: imageSizePixels, batch: batchSize, steps } = options;
      const training = { ...shared, architectures, imageSizePixels, batchSize, steps };
      for (const [architecture, measurement] of await compareTraining(training, runnerOptions)) {
        // The figures of VGG19, the default architecture, have no prefix.
        parts.push(architecture === "VGG19" ? measurement : withPrefixes(architecture, measurement));
      }
    }
    const figures = parts.flatMap((part) => Object.entries(part.figures));
    const settings = parts.flatMap((part) => Object.entries(part.settings));
    return {
      figures: Object.fromEntries(figures.map(([name, value]) => [name, rounded(value)])),
      settings: { ...Object.fromEntries(settings), rounds },
    };
  },
);

function withPrefixes(architecture: string, { figures, settings }: Measurement): Measurement {
  const prefix = architecture.toLowerCase();
  return { figures: withPrefix(prefix, figures), settings: withPrefix(prefix, settings) };
}

function withPrefix<Value>(prefix: string, values: Readonly<Record<string, Value>>): Record<string, Value> {
  const entries = Object.entries(values).map(([name, value]) => [
    `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    value,
  ]);
  return Object.fromEntries(entries) as Record<string, Value>;
}

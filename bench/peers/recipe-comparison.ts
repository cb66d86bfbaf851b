import path from "node:path";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import { importDataset } from "../../src/client/import-dataset.js";
import type { Precision } from "../../src/core/enumerations.js";
import type { Measurement } from "../benchmark.js";
import { provideImages } from "../images/provide-images.js";
import { type RunCost, trainToEnd } from "../runs/train-to-end.js";
import { WorkFolder } from "../server/work-folder.js";
import type { RecipeFigures } from "./peer-output.js";
import { PeerRunner, type PeerRunnerOptions } from "./peer-runner.js";
import { RECIPE_PEERS } from "./peer-scripts.js";
import { peerSettings } from "./peer-settings.js";
import { type ComparedFigure, compareRounds, takeTurns } from "./rounds.js";

/** The network, augmentation and schedule of `scripts/recipe.py`. */
const CONFIGURATION = {
  architecture: "VGG13",
  batchNormalization: true,
  widthMultiplier: 0.25,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0.3 },
  preprocessing: "IMAGENET_TORCH",
  optimizer: { adamW: {} },
  weightDecay: 0.05,
  labelSmoothing: 0.1,
  augmentation: {
    horizontalFlip: true,
    rotationDegrees: 15,
    widthShift: 0.1,
    heightShift: 0.1,
    zoom: 0.2,
    brightness: 0.2,
  },
  batchSize: 64,
} as const satisfies RunConfigurationInput;
const INITIAL_RATE = 0.002;
const WARM_UP_FRACTION = 0.1;
/** The peers validate on a fifth of the images and have no test split. */
const SPLIT = { validation: 0.2, test: 0 };

const COMPARED: readonly ComparedFigure<RunCost, RecipeFigures>[] = [
  {
    ratio: "recipeEpochVs",
    figure: "SecondsPerEpoch",
    ofProduct: ({ secondsPerEpoch }) => secondsPerEpoch,
    ofPeer: ({ secondsPerEpoch }) => secondsPerEpoch,
  },
];

export interface RecipeComparison {
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
  /** Number of images to draw. */
  readonly drawnImages: number;
  readonly imageSizePixels: number;
  readonly epochs: number;
  readonly precision: Precision;
  readonly rounds: number;
}

/** Compares epochs of a small network that is trained from scratch on the same folder of images by all. */
export async function compareRecipe(
  plan: RecipeComparison,
  options: PeerRunnerOptions,
): Promise<Measurement> {
  await using work = await WorkFolder.create();
  const { context } = options;
  const { dataFile, drawnImages, imageSizePixels, epochs, rounds } = plan;
  const runner = new PeerRunner(options);
  const folder = path.join(work.imagesFolder, "classes");
  const atLeast = dataFile === null ? drawnImages : 1;
  const images = await provideImages({ dataFile, atLeast, folder }, context);
  await work.serve(context, ({ api }) =>
    importDataset(api, { dataset: "images", source: { folder: "classes" }, split: SPLIT }),
  );
  let threads = 0;
  const configuration: RunConfigurationInput = {
    ...CONFIGURATION,
    learningRate: { cosine: { initial: INITIAL_RATE, warmupEpochs: epochs * WARM_UP_FRACTION } },
    imageSizePixels,
    epochs,
    precision: plan.precision,
  };
  const product = (): Promise<RunCost> =>
    work.serve(context, (server) => {
      threads = server.threads;
      return trainToEnd(server, "images", configuration, context);
    });
  const done = await takeTurns(rounds, product, RECIPE_PEERS, { folder, epochs, imageSizePixels }, runner);
  const names = RECIPE_PEERS.map(({ name }) => name);
  return {
    figures: compareRounds(done, names, COMPARED),
    settings: {
      threads,
      precision: done[0]?.product.precision ?? plan.precision,
      batchSize: CONFIGURATION.batchSize,
      imageSizePixels,
      epochs,
      images: images.length,
      ...peerSettings(done, runner),
    },
  };
}

import {
  type EpochFigures,
  readEpochs,
  readPythonTraining,
  readTfjsTraining,
  type TrainingFigures,
} from "./peer-output.js";

/** A program that does the product's work with what a user would reach for instead. */
export interface PeerScript<Work, Figures> {
  /** As it stands in the figures: `trainVsKeras`. */
  readonly name: string;
  readonly file: string;
  readonly runs: "python" | "node";
  arguments(work: Work): readonly string[];
  /** Why it cannot do this work; null when it can. */
  cannot(work: Work): string | null;
  /** @throws AppError `PEER_OUTPUT_UNEXPECTED` */
  read(output: string): Figures;
}

/** VGG19 with 1000 classes and Adam. */
export interface TrainingWork {
  readonly imageSizePixels: number;
  readonly batchSize: number;
  readonly steps: number;
}

/** The small network of the recipe, from scratch, augmented. */
export interface RecipeWork {
  /** Of class folders. */
  readonly folder: string;
  readonly epochs: number;
  readonly imageSizePixels: number;
}

const TIME_LIMIT_SECONDS = 3600;
const able = (): null => null;

export const TRAINING_PEERS: readonly PeerScript<TrainingWork, TrainingFigures>[] = [
  {
    name: "TensorFlow",
    file: "tf_function_limit.py",
    runs: "python",
    arguments: ({ batchSize }) => [String(batchSize), "bf16"],
    cannot: ({ imageSizePixels }) => (imageSizePixels === 224 ? null : "it is written for 224 px"),
    read: readPythonTraining,
  },
  {
    name: "Keras",
    file: "keras_vgg19.py",
    runs: "python",
    arguments: (work) => [...sizes(work), "mixed_bfloat16", "no"],
    cannot: able,
    read: readPythonTraining,
  },
  {
    name: "Torch",
    file: "torch_vgg19.py",
    runs: "python",
    arguments: (work) => [...sizes(work), "bf16"],
    cannot: able,
    read: readPythonTraining,
  },
  {
    name: "Tfjs",
    file: "tfjs_layers_vgg19.cjs",
    runs: "node",
    arguments: sizes,
    cannot: able,
    read: readTfjsTraining,
  },
];

export const RECIPE_PEERS: readonly PeerScript<RecipeWork, EpochFigures>[] = [
  {
    name: "Torch",
    file: "torch_recipe.py",
    runs: "python",
    arguments: ({ folder, epochs, imageSizePixels }) =>
      [folder, epochs, TIME_LIMIT_SECONDS, imageSizePixels].map(String),
    cannot: able,
    read: readEpochs,
  },
  {
    name: "Keras",
    file: "keras_recipe.py",
    runs: "python",
    arguments: ({ folder, epochs, imageSizePixels }) => [folder, epochs, imageSizePixels].map(String),
    cannot: able,
    read: readEpochs,
  },
];

function sizes({ imageSizePixels, batchSize, steps }: TrainingWork): readonly string[] {
  return [imageSizePixels, batchSize, steps].map(String);
}

import { Architecture } from "../../src/core/enumerations.js";
import {
  type RecipeFigures,
  readRecipe,
  readStore,
  readTraining,
  type StoreFigures,
  type TrainingFigures,
} from "./peer-output.js";

export type PeerPrecision = "float32" | "bfloat16";

/** A program in `bench/peers/scripts` that does Espalier's work with other software. */
export interface PeerScript<Work, Figures> {
  /** The peer's name in the figures: `trainVsKeras`. */
  readonly name: string;
  readonly file: string;
  readonly runs: "python" | "node";
  /** The precisions that the script takes as `--precision`; empty when it has no such option. */
  readonly precisions: readonly PeerPrecision[];
  arguments(work: Work): readonly string[];
  /** @returns why the script cannot do this work; null when it can */
  cannot(work: Work): string | null;
  /** @returns the time that decides which precision is faster */
  seconds(figures: Figures): number;
  /** @throws ClientError `PEER_OUTPUT_UNEXPECTED` */
  read(output: string): Figures;
}

/** Training steps with 1000 classes and Adam. */
export interface TrainingWork {
  readonly architecture: Architecture;
  readonly imageSizePixels: number;
  readonly batchSize: number;
  readonly steps: number;
}

/** Epochs of a small network from scratch, with augmentation. */
export interface RecipeWork {
  /** Holds one folder of images per class. */
  readonly folder: string;
  readonly epochs: number;
  readonly imageSizePixels: number;
}

/** A database of runs that is searched, compared and written to. */
export interface StoreWork {
  /** Address of an empty PostgreSQL database. */
  readonly databaseUrl: string;
  readonly runs: number;
  readonly pointsPerRun: number;
  readonly calls: number;
  readonly seconds: number;
}

/** The architectures that peers have too, by the name that their scripts take. */
const MODELS: Partial<Readonly<Record<Architecture, string>>> = {
  VGG19: "vgg19",
  RESNET18: "resnet18",
  RESNET34: "resnet34",
  RESNET50: "resnet50",
};

export const PEER_ARCHITECTURES = Object.values(Architecture).filter((name) => MODELS[name] !== undefined);

const BOTH = ["float32", "bfloat16"] as const;

const TRAINING_SCRIPT = {
  arguments: ({ architecture, imageSizePixels, batchSize, steps }: TrainingWork) => [
    ...["--model", MODELS[architecture] ?? architecture],
    ...["--image-size", `${imageSizePixels}`, "--batch", `${batchSize}`, "--steps", `${steps}`],
  ],
  seconds: ({ secondsPerStep }: TrainingFigures) => secondsPerStep,
  read: readTraining,
};

const onlyVgg19 = ({ architecture }: TrainingWork): string | null =>
  architecture === "VGG19" ? null : "it is written for VGG19";

export const TRAINING_PEERS: readonly PeerScript<TrainingWork, TrainingFigures>[] = [
  {
    ...TRAINING_SCRIPT,
    ...{ name: "TensorFlow", file: "tensorflow_train.py", runs: "python", precisions: BOTH },
    cannot: onlyVgg19,
  },
  {
    ...TRAINING_SCRIPT,
    ...{ name: "Keras", file: "keras_train.py", runs: "python", precisions: BOTH },
    cannot: () => null,
  },
  {
    ...TRAINING_SCRIPT,
    ...{ name: "Torch", file: "torch_train.py", runs: "python", precisions: BOTH },
    cannot: () => null,
  },
  {
    ...TRAINING_SCRIPT,
    ...{ name: "Tfjs", file: "tfjs_train.cjs", runs: "node", precisions: ["float32"] },
    cannot: onlyVgg19,
  },
];

const RECIPE_SCRIPT = {
  arguments: ({ folder, epochs, imageSizePixels }: RecipeWork) => [
    folder,
    ...["--epochs", `${epochs}`, "--image-size", `${imageSizePixels}`],
  ],
  cannot: () => null,
  seconds: ({ secondsPerEpoch }: RecipeFigures) => secondsPerEpoch,
  read: readRecipe,
};

export const RECIPE_PEERS: readonly PeerScript<RecipeWork, RecipeFigures>[] = [
  { ...RECIPE_SCRIPT, name: "Torch", file: "torch_recipe.py", runs: "python", precisions: BOTH },
  { ...RECIPE_SCRIPT, name: "Keras", file: "keras_recipe.py", runs: "python", precisions: BOTH },
];

export const STORE_PEERS: readonly PeerScript<StoreWork, StoreFigures>[] = [
  {
    name: "Mlflow",
    file: "mlflow_store.py",
    runs: "python",
    precisions: [],
    arguments: ({ databaseUrl, runs, pointsPerRun, calls, seconds }) => [
      ...["--database", databaseUrl, "--runs", `${runs}`, "--points-per-run", `${pointsPerRun}`],
      ...["--calls", `${calls}`, "--seconds", `${seconds}`],
    ],
    cannot: () => null,
    seconds: ({ searchP50Ms }) => searchP50Ms / 1000,
    read: readStore,
  },
];

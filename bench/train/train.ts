import type { AugmentationInput, RunConfigurationInput } from "../../src/client/generated/graphql.js";
import {
  existingFile,
  type Options,
  oneWord,
  optional,
  positiveNumber,
  wholeNumber,
} from "../../src/client/options.js";
import { Architecture, HeadKind, Precision } from "../../src/core/enumerations.js";
import { type BenchContext, type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { importClasses } from "../images/import-classes.js";
import { measureSteps, type StepCost } from "../runs/measure-steps.js";
import { WorkFolder } from "../server/work-folder.js";
import { FULL_AUGMENTATION } from "./full-augmentation.js";

const OPTIONS = {
  mode: oneWord(
    "train: one configuration; finetune: the whole network, frozen stages, frozen stages with cached features",
    ["train", "finetune"],
    "train",
  ),
  data: optional(existingFile("<archive>", "images in class folders, instead of drawn flowers")),
  architecture: oneWord("the network", Object.values(Architecture), "VGG19"),
  width: positiveNumber("multiplies the filters of every convolution", 1),
  head: optional(
    oneWord(
      "the layers after the convolutions; by default those of the published network",
      Object.values(HeadKind),
      "FULLY_CONNECTED",
    ),
  ),
  imageSize: wholeNumber("height and width of the images, in pixels", { minimum: 32, otherwise: 224 }),
  classes: wholeNumber("classes of the dataset", { minimum: 2, otherwise: 1000 }),
  batch: wholeNumber("images per step", { minimum: 1, otherwise: 8 }),
  accumulation: wholeNumber("micro-batches per batch", { minimum: 1, otherwise: 1 }),
  precision: oneWord("the precision of the network", Object.values(Precision), "AUTO"),
  frozenBlocks: wholeNumber("number of first stages that are frozen; 0 means 4 for finetune", {
    minimum: 0,
    otherwise: 0,
  }),
  augmentation: oneWord("random changes of the training images", ["none", "flip", "full"], "none"),
  warmUp: wholeNumber("steps before the measured ones", { minimum: 1, otherwise: 3 }),
  steps: wholeNumber("steps to measure", { minimum: 1, otherwise: 10 }),
} as const;

type TrainOptions = Options<typeof OPTIONS>;

const AUGMENTATIONS: Readonly<Record<TrainOptions["augmentation"], AugmentationInput>> = {
  none: {},
  flip: { horizontalFlip: true },
  full: FULL_AUGMENTATION,
};
const FINETUNED_FROZEN_BLOCKS = 4;

/** Measures training steps of the trainer on images, through the API. */
export const train: Benchmark = benchmark(
  "train",
  "speed and memory of training steps: VGG19 at 224 px, 1000 classes, batches of 8",
  OPTIONS,
  async (options, context) => {
    await using work = await WorkFolder.create();
    const { data: dataFile, classes } = options;
    const dataset = await importClasses(work, { dataFile, classes }, context);
    const trainer = new StepBench(work, dataset, options, context);
    const measure = options.mode === "train" ? measureTraining : measureFineTuning;
    return await measure(trainer, options);
  },
);

async function measureTraining(trainer: StepBench, options: TrainOptions): Promise<Measurement> {
  const cost = await trainer.measure({
    frozenBlocks: options.frozenBlocks,
    augmentation: AUGMENTATIONS[options.augmentation],
  });
  return {
    figures: {
      imagesPerSecond: rounded(options.batch / cost.secondsPerStep),
      peakMemoryBytes: cost.peakResidentBytes,
      secondsPerStep: rounded(cost.secondsPerStep),
      cpuSecondsPerStep: rounded(cost.cpuSecondsPerStep),
    },
    settings: trainer.settings(cost),
  };
}

/** Measures the three variants, each in a new server. */
async function measureFineTuning(trainer: StepBench, options: TrainOptions): Promise<Measurement> {
  const frozenBlocks = options.frozenBlocks || FINETUNED_FROZEN_BLOCKS;
  const full = await trainer.measure({ frozenBlocks: 0, augmentation: AUGMENTATIONS.flip });
  // Augmented images differ in every epoch, so their features cannot be cached.
  const frozen = await trainer.measure({ frozenBlocks, augmentation: AUGMENTATIONS.flip });
  const cached = await trainer.measure({ frozenBlocks, augmentation: AUGMENTATIONS.none });
  return {
    figures: {
      frozenVsFull: rounded(full.secondsPerStep / frozen.secondsPerStep),
      cachedVsFull: rounded(full.secondsPerStep / cached.secondsPerStep),
      fullSecondsPerStep: rounded(full.secondsPerStep),
      frozenSecondsPerStep: rounded(frozen.secondsPerStep),
      cachedSecondsPerStep: rounded(cached.secondsPerStep),
      fullPeakMemoryBytes: full.peakResidentBytes,
      frozenPeakMemoryBytes: frozen.peakResidentBytes,
      cachedPeakMemoryBytes: cached.peakResidentBytes,
    },
    settings: { ...trainer.settings(full), frozenBlocks },
  };
}

/** Measures one network on one dataset with different settings. */
class StepBench {
  #threads = 0;

  constructor(
    private readonly work: WorkFolder,
    private readonly dataset: string,
    private readonly options: TrainOptions,
    private readonly context: BenchContext,
  ) {}

  async measure(differing: {
    readonly frozenBlocks: number;
    readonly augmentation: AugmentationInput;
  }): Promise<StepCost> {
    const { options, context } = this;
    context.report(`training ${options.architecture}, ${JSON.stringify(differing)}`);
    const cost = await this.work.serve(context, (server) => {
      this.#threads = server.threads;
      const plan = { dataset: this.dataset, warmUpSteps: options.warmUp, steps: options.steps };
      const configuration = { ...configurationOf(options), ...differing };
      return measureSteps(server, { ...plan, configuration }, context);
    });
    context.report(`${cost.secondsPerStep.toFixed(3)} s a step`);
    return cost;
  }

  settings(cost: StepCost): Measurement["settings"] {
    const { data, mode, augmentation, ...options } = this.options;
    return {
      mode,
      threads: this.#threads,
      precision: cost.precision,
      batchSize: options.batch,
      accumulationSteps: options.accumulation,
      architecture: options.architecture,
      widthMultiplier: options.width,
      head: options.head ?? "as published",
      imageSizePixels: options.imageSize,
      classes: options.classes,
      frozenBlocks: options.frozenBlocks,
      augmentation: mode === "train" ? augmentation : "flip, none with cached features",
      images: data === null ? "drawn" : "given",
      warmUpSteps: options.warmUp,
      measuredSteps: cost.measuredSteps,
    };
  }
}

function configurationOf(options: TrainOptions): RunConfigurationInput {
  return {
    architecture: options.architecture,
    widthMultiplier: options.width,
    imageSizePixels: options.imageSize,
    head: options.head === null ? null : { kind: options.head },
    // The same as the peers.
    optimizer: { adam: {} },
    learningRate: { constant: { initial: 1e-4 } },
    batchSize: options.batch,
    accumulationSteps: options.accumulation,
    precision: options.precision,
    // The run is cancelled long before.
    epochs: 1000,
  };
}

import {
  existingFile,
  type Options,
  oneWord,
  optional,
  positiveNumber,
  someWords,
  wholeNumber,
} from "../../src/client/options.js";
import { Architecture } from "../../src/core/enumerations.js";
import { type BenchContext, type Benchmark, benchmark, type Measurement } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { WorkFolder } from "../server/work-folder.js";
import { measureSizes, SMALL_NETWORK } from "./dataset-size.js";
import { measureStepShare } from "./step-share.js";

const OPTIONS = {
  only: someWords("step: the share of a training step; size: what grows with the dataset", ["step", "size"]),
  data: optional(existingFile("<archive>", "images in class folders, instead of drawn flowers")),
  architecture: oneWord("step: the network", Object.values(Architecture), "VGG19"),
  width: positiveNumber("step: multiplies the filters of every convolution", 1),
  imageSize: wholeNumber("step: height and width of the images, in pixels", { minimum: 32, otherwise: 224 }),
  classes: wholeNumber("step: classes of the dataset", { minimum: 2, otherwise: 1000 }),
  batch: wholeNumber("step: images per step", { minimum: 1, otherwise: 8 }),
  precision: oneWord("step: the precision of the network", ["FLOAT32", "MIXED_BFLOAT16"], "MIXED_BFLOAT16"),
  steps: wholeNumber("step: steps of each kind per round", { minimum: 2, otherwise: 6 }),
  small: wholeNumber("size: images of the small dataset", { minimum: 100, otherwise: 1000 }),
  large: wholeNumber("size: images of the large dataset", { minimum: 100, otherwise: 50_000 }),
  rounds: wholeNumber("how often each is measured, in turn", { minimum: 1, otherwise: 5 }),
} as const;

type InputOptions = Options<typeof OPTIONS>;

/** Measures the cost of reading and augmenting images: its share of a step, and its growth with the dataset. */
export const input: Benchmark = benchmark(
  "input",
  "what reading and augmentation add to a step, and what grows with the dataset",
  OPTIONS,
  async (options, context) => {
    const step = options.only.includes("step") ? await measureStep(options, context) : NOTHING;
    const size = options.only.includes("size") ? await measureSize(options, context) : NOTHING;
    return {
      figures: { ...step.figures, ...size.figures },
      settings: { ...size.settings, ...step.settings, rounds: options.rounds },
    };
  },
);

const NOTHING: Measurement = { figures: {}, settings: {} };

async function measureStep(options: InputOptions, context: BenchContext): Promise<Measurement> {
  await using work = await WorkFolder.create();
  const { architecture, classes, precision, steps, rounds } = options;
  const { fixed, read, augmented, threads } = await measureStepShare(
    work,
    {
      dataFile: options.data,
      architecture,
      widthMultiplier: options.width,
      imageSizePixels: options.imageSize,
      classes,
      batchSize: options.batch,
      precision,
      steps,
      rounds,
    },
    context,
  );
  return {
    figures: {
      inputAndAugmentationShare: rounded(augmented / fixed - 1),
      inputShare: rounded(read / fixed - 1),
      secondsPerStep: rounded(augmented),
      secondsPerStepWithoutAugmentation: rounded(read),
      secondsPerStepOnOneBatch: rounded(fixed),
    },
    settings: {
      threads,
      precision,
      batchSize: options.batch,
      architecture,
      widthMultiplier: options.width,
      imageSizePixels: options.imageSize,
      classes,
      stepsPerRound: steps,
    },
  };
}

async function measureSize(options: InputOptions, context: BenchContext): Promise<Measurement> {
  await using work = await WorkFolder.create();
  const { data: dataFile, small, large, rounds } = options;
  const cost = await measureSizes(work, { dataFile, small, large, rounds }, context);
  return {
    figures: {
      perImageRatio: rounded(cost.perImageRatio),
      residentGrowthBytes: cost.residentGrowthBytes,
      smallSecondsPerImage: rounded(cost.smallSecondsPerImage),
      largeSecondsPerImage: rounded(cost.largeSecondsPerImage),
      smallResidentBytes: cost.smallResidentBytes,
      largeResidentBytes: cost.largeResidentBytes,
    },
    settings: {
      threads: cost.threads,
      precision: cost.precision,
      batchSize: SMALL_NETWORK.batchSize,
      smallImages: small,
      largeImages: large,
      sizeNetwork: `${SMALL_NETWORK.architecture} x ${SMALL_NETWORK.widthMultiplier}`,
      sizeImageSizePixels: SMALL_NETWORK.imageSizePixels,
    },
  };
}

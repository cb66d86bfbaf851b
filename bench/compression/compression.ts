import { openAsBlob } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { graphql } from "../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import { importDataset } from "../../src/client/import-dataset.js";
import { existingFile, wholeNumber } from "../../src/client/options.js";
import { uploadFile } from "../../src/client/upload-file.js";
import { type BenchContext, type Benchmark, benchmark } from "../benchmark.js";
import { rounded } from "../figures/rounded.js";
import { type TrainedModel, trainModel } from "../runs/train-model.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { WorkFolder } from "../server/work-folder.js";

const OPTIONS = {
  data: existingFile("<archive>", "images in class folders"),
  epochs: wholeNumber("epochs of the large network", { minimum: 1, otherwise: 40 }),
  fineTuningEpochs: wholeNumber("epochs of a pruned network and of its control", {
    minimum: 1,
    otherwise: 20,
  }),
  studentEpochs: wholeNumber("epochs of a student", { minimum: 1, otherwise: 40 }),
  seeds: wholeNumber("seeds of everything but the large network", { minimum: 1, otherwise: 3 }),
} as const;

type Options = {
  readonly [Name in "epochs" | "fineTuningEpochs" | "studentEpochs" | "seeds"]: number;
};

const SPLIT = { validation: 0.1, test: 0.1, seed: 0 };

const RECIPE = {
  batchNormalization: true,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0.5 },
  preprocessing: "IMAGENET_TORCH",
  optimizer: { adamW: {} },
  weightDecay: 0.1,
  labelSmoothing: 0.1,
  augmentation: {
    horizontalFlip: true,
    rotationDegrees: 15,
    widthShift: 0.1,
    heightShift: 0.1,
    zoom: 0.3,
    brightness: 0.15,
    contrast: 0.3,
  },
  batchSize: 64,
  monitor: "VALIDATION_TOP1",
} as const satisfies RunConfigurationInput;

const cosine = (initial: number, epochs: number): RunConfigurationInput => ({
  epochs,
  learningRate: { cosine: { initial, warmupEpochs: epochs / 10 } },
});

/** VGG16 with batch normalization and half of its width: 3.7 million parameters. */
const LARGE = { ...RECIPE, architecture: "VGG16", widthMultiplier: 0.5, sparsity: 0.0001 } as const;
/** A ninth of its parameters. */
const STUDENT = { ...RECIPE, architecture: "VGG11", widthMultiplier: 0.2 } as const;
const LEARNING_RATE = 0.003;
const FINE_TUNING_RATE = 0.001;
const CHANNELS = 0.5;

/** The accuracies of one seed. */
interface SeedResult {
  readonly pruned: TrainedModel;
  /** The shape of the pruned network, trained from scratch for the epochs of the fine-tuning. */
  readonly control: TrainedModel;
  readonly alone: TrainedModel;
  readonly distilled: TrainedModel;
}

/** Measures pruning and distillation: accuracy on the test split, and milliseconds in Espalier's own serving. */
export const compression: Benchmark = benchmark(
  "compression",
  "accuracy and speed of pruned and distilled networks",
  OPTIONS,
  async ({ data, ...options }, context) => {
    await using work = await WorkFolder.create();
    return await work.serve(context, async (server) => {
      const uploadId = await uploadFile(server.api, await openAsBlob(data));
      const { ref: dataset } = await importDataset(server.api, {
        dataset: "images",
        source: { uploadId },
        split: SPLIT,
      });
      const train = (model: string, configuration: RunConfigurationInput): Promise<TrainedModel> =>
        trainModel(server, { model, dataset, configuration }, context);
      const large = await train("large", { ...LARGE, ...cosine(LEARNING_RATE, options.epochs), seed: 0 });
      const results: SeedResult[] = [];
      for (let seed = 0; seed < options.seeds; seed++) {
        results.push(await trainSeed(train, large, seed, options));
      }
      const times = await millisecondsOf(server, [large, ...results.map(({ pruned }) => pruned)], context);
      return {
        figures: figuresOf(large, results, times),
        settings: { ...options, threads: server.threads, channels: CHANNELS },
      };
    });
  },
);

async function trainSeed(
  train: (model: string, configuration: RunConfigurationInput) => Promise<TrainedModel>,
  large: TrainedModel,
  seed: number,
  { fineTuningEpochs, studentEpochs }: Options,
): Promise<SeedResult> {
  const { sparsity: _, ...shape } = LARGE;
  const pruning = { from: large.ref, channels: CHANNELS, criterion: "BATCH_NORM_SCALE" } as const;
  const pruned = await train(`pruned-${seed}`, {
    ...shape,
    ...cosine(FINE_TUNING_RATE, fineTuningEpochs),
    pruning,
    seed,
  });
  const control = await train(`control-${seed}`, {
    ...shape,
    ...cosine(LEARNING_RATE, fineTuningEpochs),
    pruning: { ...pruning, keepsWeights: false },
    seed,
  });
  const student = { ...STUDENT, ...cosine(LEARNING_RATE, studentEpochs), seed };
  const alone = await train(`student-${seed}`, student);
  const distilled = await train(`distilled-${seed}`, {
    ...student,
    labelSmoothing: 0,
    distillation: { teacher: large.ref, kind: "KNOWLEDGE", temperature: 4, weight: 0.9 },
  });
  return { pruned, control, alone, distilled };
}

const COMPARE = graphql(`query BenchCompareModels($refs: [String!]!) {
  compareModels(refs: $refs, split: TEST) {
    measuredAt
    rows { measurement { millisecondsPerImageAtBatch1 } }
  }
}`);

const POLL_MS = 2_000;

/** Milliseconds of one image at batch 1 in Espalier's own serving, measured in turn. */
async function millisecondsOf(
  { api }: MeasuredServer,
  models: readonly TrainedModel[],
  { report, signal }: BenchContext,
): Promise<readonly number[]> {
  report("comparing the models");
  const refs = models.map(({ ref }) => ref);
  for (;;) {
    signal.throwIfAborted();
    const { compareModels } = await api.request(COMPARE, { refs });
    if (compareModels.measuredAt !== null) {
      return compareModels.rows.map(
        ({ measurement }) => measurement?.millisecondsPerImageAtBatch1 ?? Number.NaN,
      );
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

function figuresOf(
  large: TrainedModel,
  results: readonly SeedResult[],
  [largeMs = Number.NaN, ...prunedMs]: readonly number[],
): Readonly<Record<string, number>> {
  const accuracy = (model: keyof SeedResult): number => mean(results.map((result) => result[model].testTop1));
  const [pruned, control, alone, distilled] = [
    accuracy("pruned"),
    accuracy("control"),
    accuracy("alone"),
    accuracy("distilled"),
  ];
  const student = results[0]?.distilled.parameterCount ?? Number.NaN;
  return {
    prunedAccuracyLoss: rounded(large.testTop1 - pruned),
    prunedSpeedup: rounded(largeMs / mean(prunedMs)),
    gapClosed: rounded((distilled - alone) / (large.testTop1 - alone)),
    largeTestTop1: rounded(large.testTop1),
    prunedTestTop1: rounded(pruned),
    controlTestTop1: rounded(control),
    studentAloneTestTop1: rounded(alone),
    studentDistilledTestTop1: rounded(distilled),
    channelsRemoved: rounded(mean(results.map((result) => result.pruned.channelsRemoved))),
    largeParameters: large.parameterCount,
    prunedParameters: Math.round(mean(results.map((result) => result.pruned.parameterCount))),
    studentParameters: student,
    largeMilliseconds: rounded(largeMs),
    prunedMilliseconds: rounded(mean(prunedMs)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

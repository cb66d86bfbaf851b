import type { Precision } from "../../src/core/enumerations.js";
import type { BenchContext, Measurement } from "../benchmark.js";
import { importClasses } from "../images/import-classes.js";
import { measureSteps, type StepCost } from "../runs/measure-steps.js";
import { WorkFolder } from "../server/work-folder.js";
import type { TrainingFigures } from "./peer-output.js";
import type { PeerRunner } from "./peer-runner.js";
import { TRAINING_PEERS, type TrainingWork } from "./peer-scripts.js";
import { type ComparedFigure, compareRounds, takeTurns } from "./rounds.js";

/** The peers' scripts write it down so. */
const CLASSES = 1000;
const WARM_UP_STEPS = 3;

type Cost = StepCost & { readonly imagesPerSecond: number };

const COMPARED: readonly ComparedFigure<Cost, TrainingFigures>[] = [
  {
    ratio: "trainVs",
    figure: "ImagesPerSecond",
    ofProduct: ({ imagesPerSecond }) => imagesPerSecond,
    ofPeer: ({ imagesPerSecond }) => imagesPerSecond,
  },
  {
    ratio: "memoryVs",
    figure: "PeakMemoryBytes",
    ofProduct: ({ peakResidentBytes }) => peakResidentBytes,
    ofPeer: ({ peakMemoryBytes }) => peakMemoryBytes,
  },
];

export interface TrainingComparison extends TrainingWork {
  /** An archive of class folders for the product; null: flowers are drawn. The peers train on noise. */
  readonly dataFile: string | null;
  readonly precision: Precision;
  readonly rounds: number;
}

/** VGG19 with 1000 classes: the product through its server, on images that it reads, beside bare loops. */
export async function compareTraining(
  plan: TrainingComparison,
  runner: PeerRunner,
  context: BenchContext,
): Promise<Measurement> {
  await using work = await WorkFolder.create();
  const { dataFile, imageSizePixels, batchSize, steps, rounds } = plan;
  const dataset = await importClasses(work, { dataFile, classes: CLASSES }, context);
  let threads = 0;
  const product = (): Promise<Cost> =>
    work.serve(context, async (server) => {
      threads = server.threads;
      const configuration = {
        architecture: "VGG19" as const,
        imageSizePixels,
        batchSize,
        optimizer: { adam: {} },
        learningRate: { constant: { initial: 1e-4 } },
        precision: plan.precision,
        // It is cancelled long before.
        epochs: 1000,
      };
      const stepPlan = { dataset, configuration, warmUpSteps: WARM_UP_STEPS, steps };
      const cost = await measureSteps(server, stepPlan, context);
      const imagesPerSecond = batchSize / cost.secondsPerStep;
      context.report(
        `product: ${JSON.stringify({ imagesPerSecond, peakMemoryBytes: cost.peakResidentBytes })}`,
      );
      return { ...cost, imagesPerSecond };
    });
  const done = await takeTurns(rounds, product, TRAINING_PEERS, plan, runner);
  return {
    figures: compareRounds(
      done,
      TRAINING_PEERS.map(({ name }) => name),
      COMPARED,
    ),
    settings: {
      threads,
      precision: done[0]?.product.precision ?? plan.precision,
      batchSize,
      imageSizePixels,
      steps,
    },
  };
}

import type { Architecture, Precision } from "../../src/core/enumerations.js";
import type { BenchContext, Measurement } from "../benchmark.js";
import { importClasses } from "../images/import-classes.js";
import { measureSteps, type StepCost } from "../runs/measure-steps.js";
import { WorkFolder } from "../server/work-folder.js";
import type { TrainingFigures } from "./peer-output.js";
import { PeerRunner, type PeerRunnerOptions } from "./peer-runner.js";
import { TRAINING_PEERS, type TrainingWork } from "./peer-scripts.js";
import { peerSettings } from "./peer-settings.js";
import { type ComparedFigure, compareRounds, takeTurns } from "./rounds.js";

/** The scripts of the peers have the same classes and learning rate. */
const CLASSES = 1000;
const LEARNING_RATE = 1e-4;
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

export interface TrainingComparison extends Omit<TrainingWork, "architecture"> {
  readonly architectures: readonly Architecture[];
  /** An archive of class folders for the product; null draws flowers. The peers train on noise. */
  readonly dataFile: string | null;
  readonly precision: Precision;
  readonly rounds: number;
}

/**
 * Compares training steps with 1000 classes. The product trains through its server on images that it reads, the peers
 * train in bare loops on one batch in memory.
 *
 * @returns one measurement for each architecture
 */
export async function compareTraining(
  { architectures, ...plan }: TrainingComparison,
  options: PeerRunnerOptions,
): Promise<ReadonlyMap<Architecture, Measurement>> {
  await using work = await WorkFolder.create();
  const { dataFile } = plan;
  const dataset = await importClasses(work, { dataFile, classes: CLASSES }, options.context);
  const measurements = new Map<Architecture, Measurement>();
  for (const architecture of architectures) {
    const runner = new PeerRunner(options);
    measurements.set(
      architecture,
      await compareArchitecture(work, { ...plan, architecture, dataset }, runner, options.context),
    );
  }
  return measurements;
}

async function compareArchitecture(
  work: WorkFolder,
  plan: TrainingWork & { readonly dataset: string; readonly precision: Precision; readonly rounds: number },
  runner: PeerRunner,
  context: BenchContext,
): Promise<Measurement> {
  const { architecture, dataset, imageSizePixels, batchSize, steps, precision, rounds } = plan;
  let threads = 0;
  const product = (): Promise<Cost> =>
    work.serve(context, async (server) => {
      threads = server.threads;
      const configuration = {
        architecture,
        imageSizePixels,
        batchSize,
        optimizer: { adam: {} },
        learningRate: { constant: { initial: LEARNING_RATE } },
        precision,
        // The run is cancelled long before.
        epochs: 1000,
      };
      const stepPlan = { dataset, configuration, warmUpSteps: WARM_UP_STEPS, steps };
      const cost = await measureSteps(server, stepPlan, context);
      const imagesPerSecond = batchSize / cost.secondsPerStep;
      const shown = { imagesPerSecond, peakMemoryBytes: cost.peakResidentBytes };
      context.report(`Espalier: ${architecture} ${JSON.stringify(shown)}`);
      return { ...cost, imagesPerSecond };
    });
  const done = await takeTurns(rounds, product, TRAINING_PEERS, plan, runner);
  const names = TRAINING_PEERS.map(({ name }) => name);
  return {
    figures: compareRounds(done, names, COMPARED),
    settings: {
      architecture,
      threads,
      precision: done[0]?.product.precision ?? precision,
      batchSize,
      imageSizePixels,
      steps,
      ...peerSettings(done, runner),
    },
  };
}

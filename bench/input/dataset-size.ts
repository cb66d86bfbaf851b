import path from "node:path";
import type { BenchContext } from "../benchmark.js";
import { median } from "../median.js";
import { repeatPictures } from "../pictures/deal-pictures.js";
import { providePictures } from "../pictures/provide-pictures.js";
import type { RunConfigurationInput } from "../server/follow-run.js";
import { importPictures } from "../server/import-pictures.js";
import { type RunCost, trainToEnd } from "../server/train-to-end.js";
import type { WorkFolder } from "../work-folder.js";

export interface SizesPlan {
  /** An archive of class folders; null: flowers are drawn. */
  readonly dataFile: string | null;
  /** Pictures of the two data sets. */
  readonly small: number;
  readonly large: number;
  /** How often each is trained on, in turn. */
  readonly rounds: number;
}

/** What grows when a data set does: nothing should. */
export interface SizesCost {
  /** Seconds of training a picture of the large data set, of those of the small one. */
  readonly perImageRatio: number;
  readonly residentGrowthBytes: number;
  readonly smallSecondsPerImage: number;
  readonly largeSecondsPerImage: number;
  readonly smallResidentBytes: number;
  readonly largeResidentBytes: number;
  readonly precision: string;
  readonly threads: number;
}

/** Its steps are short, so that reading cannot hide behind computing. */
export const SMALL_NETWORK = {
  architecture: "VGG11",
  widthMultiplier: 0.125,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  batchSize: 64,
  precision: "FLOAT32",
} as const;

const SPLIT = { validation: 0.1, test: 0 };
/** The first of a process is left out: it allocates and chooses kernels. */
const LARGE_EPOCHS = 2;
const MOST_SMALL_EPOCHS = 25;

/** Trains a small network on few pictures and on many, each in a server that does nothing else. */
export async function measureSizes(
  work: WorkFolder,
  plan: SizesPlan,
  context: BenchContext,
): Promise<SizesCost> {
  const { dataFile, small, large } = plan;
  const source = path.join(work.picturesFolder, "source");
  const pictures = (await providePictures({ dataFile, atLeast: small, folder: source }, context)).slice(
    0,
    small,
  );
  const sizes = { small, large };
  for (const [name, count] of Object.entries(sizes)) {
    await repeatPictures(pictures, count, path.join(work.picturesFolder, name));
    await work.serve(context, async (server) => {
      context.report(`importing and decoding ${count} pictures`);
      await importPictures(server.api, name, { folder: name }, SPLIT);
      await trainToEnd(server, name, { ...SMALL_NETWORK, epochs: 1 }, context);
    });
  }

  let threads = 0;
  const train = (dataset: "small" | "large", epochs: number): Promise<RunCost> =>
    work.serve(context, (server) => {
      threads = server.threads;
      context.report(`training on ${sizes[dataset]} pictures`);
      const configuration: RunConfigurationInput = { ...SMALL_NETWORK, epochs };
      return trainToEnd(server, dataset, configuration, context);
    });
  const smallEpochs = Math.min(MOST_SMALL_EPOCHS, Math.max(LARGE_EPOCHS, Math.ceil(large / small)));
  const costs: { readonly small: RunCost[]; readonly large: RunCost[] } = { small: [], large: [] };
  for (let round = 0; round < plan.rounds; round++) {
    costs.small.push(await train("small", smallEpochs));
    costs.large.push(await train("large", LARGE_EPOCHS));
  }

  const smallSecondsPerImage = secondsPerImage(costs.small);
  const largeSecondsPerImage = secondsPerImage(costs.large);
  const smallResidentBytes = median(costs.small.map(({ residentBytes }) => residentBytes));
  const largeResidentBytes = median(costs.large.map(({ residentBytes }) => residentBytes));
  return {
    perImageRatio: largeSecondsPerImage / smallSecondsPerImage,
    residentGrowthBytes: largeResidentBytes - smallResidentBytes,
    smallSecondsPerImage,
    largeSecondsPerImage,
    smallResidentBytes,
    largeResidentBytes,
    precision: costs.large[0]?.precision ?? "unknown",
    threads,
  };
}

function secondsPerImage(costs: readonly RunCost[]): number {
  const settled = costs.flatMap(({ epochs }) => epochs.slice(1));
  return median(settled.map(({ imagesPerSecond }) => 1 / imagesPerSecond));
}

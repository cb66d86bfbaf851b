import path from "node:path";
import { importDataset } from "../../src/client/import-dataset.js";
import { median } from "../../src/lang/median.js";
import type { BenchContext } from "../benchmark.js";
import { linkCopies } from "../images/link-images.js";
import { provideImages } from "../images/provide-images.js";
import { type RunCost, trainToEnd } from "../runs/train-to-end.js";
import type { WorkFolder } from "../server/work-folder.js";

export interface SizesPlan {
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
  /** Number of images in the two datasets. */
  readonly small: number;
  readonly large: number;
  /** How often each dataset is trained on, in turn. */
  readonly rounds: number;
}

/** Costs that should not grow with the dataset. */
export interface SizesCost {
  /** Training time per image of the large dataset divided by that of the small one; median of the rounds. */
  readonly perImageRatio: number;
  readonly residentGrowthBytes: number;
  readonly smallSecondsPerImage: number;
  readonly largeSecondsPerImage: number;
  readonly smallResidentBytes: number;
  readonly largeResidentBytes: number;
  readonly precision: string;
  readonly threads: number;
}

/**
 * An epoch of the small dataset takes about a second. The first step of an epoch takes some 25 ms longer than the others,
 * since validation released memory and the rows of the last epoch are being written. In shorter epochs this would
 * dominate the measurement.
 */
export const SMALL_NETWORK = {
  architecture: "VGG11",
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  batchSize: 64,
  precision: "FLOAT32",
} as const;

const SPLIT = { validation: 0.1, test: 0 };
/** The first epoch of a process is not counted: it allocates memory and chooses kernels. */
const MIN_SMALL_EPOCHS = 2;
const MAX_SMALL_EPOCHS = 13;
const LARGE_EPOCHS = 1;

/** Trains a small network on a small and on a large dataset, each time in a new server. */
export async function measureSizes(
  work: WorkFolder,
  plan: SizesPlan,
  context: BenchContext,
): Promise<SizesCost> {
  const { dataFile, small, large } = plan;
  const source = path.join(work.imagesFolder, "source");
  const images = (await provideImages({ dataFile, atLeast: small, folder: source }, context)).slice(0, small);
  const sizes = { small, large };
  for (const [name, count] of Object.entries(sizes)) {
    await linkCopies(images, count, path.join(work.imagesFolder, name));
    await work.serve(context, async (server) => {
      context.report(`importing and decoding ${count} images`);
      await importDataset(server.api, { dataset: name, source: { folder: name }, split: SPLIT });
      await trainToEnd(server, name, { ...SMALL_NETWORK, epochs: 1 }, context);
    });
  }

  let threads = 0;
  const train = (dataset: "small" | "large", epochs: number): Promise<RunCost> =>
    work.serve(context, (server) => {
      threads = server.threads;
      context.report(`training on ${sizes[dataset]} images`);
      return trainToEnd(server, dataset, { ...SMALL_NETWORK, epochs }, context);
    });
  const smallEpochs = Math.min(MAX_SMALL_EPOCHS, Math.max(MIN_SMALL_EPOCHS, Math.ceil(large / small)));
  const rounds: { readonly small: RunCost; readonly large: RunCost }[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    rounds.push({ small: await train("small", smallEpochs), large: await train("large", LARGE_EPOCHS) });
  }

  const middle = (figure: (round: (typeof rounds)[number]) => number): number => median(rounds.map(figure));
  const smallResidentBytes = middle(({ small }) => small.residentBytes);
  const largeResidentBytes = middle(({ large }) => large.residentBytes);
  return {
    perImageRatio: middle(({ small, large }) => secondsPerImage(large) / secondsPerImage(small)),
    residentGrowthBytes: largeResidentBytes - smallResidentBytes,
    smallSecondsPerImage: middle(({ small }) => secondsPerImage(small)),
    largeSecondsPerImage: middle(({ large }) => secondsPerImage(large)),
    smallResidentBytes,
    largeResidentBytes,
    precision: rounds[0]?.large.precision ?? "unknown",
    threads,
  };
}

function secondsPerImage({ epochs }: RunCost): number {
  const settled = epochs.length > 1 ? epochs.slice(1) : epochs;
  return median(settled.map(({ imagesPerSecond }) => 1 / imagesPerSecond));
}

import path from "node:path";
import { importDataset } from "../../src/client/import-dataset.js";
import type { BenchContext } from "../benchmark.js";
import { median } from "../figures/median.js";
import { repeatPictures } from "../images/link-images.js";
import { providePictures } from "../images/provide-images.js";
import { type RunCost, trainToEnd } from "../runs/train-to-end.js";
import type { WorkFolder } from "../server/work-folder.js";

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
  /** Seconds of training a picture of the large data set, of those of the small one; median of the rounds. */
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
 * An epoch of the small data set takes it about a second. The first step of an epoch takes some 25 ms longer than the
 * others, however many follow: validation gave memory back, and the rows of the epoch before are being written. Shorter
 * epochs would tell of that alone.
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
/** The first of a process is left out: it allocates and chooses kernels, which hundreds of steps do not feel. */
const LEAST_SMALL_EPOCHS = 2;
const MOST_SMALL_EPOCHS = 13;
const LARGE_EPOCHS = 1;

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
      await importDataset(server.api, { dataset: name, source: { folder: name }, split: SPLIT });
      await trainToEnd(server, name, { ...SMALL_NETWORK, epochs: 1 }, context);
    });
  }

  let threads = 0;
  const train = (dataset: "small" | "large", epochs: number): Promise<RunCost> =>
    work.serve(context, (server) => {
      threads = server.threads;
      context.report(`training on ${sizes[dataset]} pictures`);
      return trainToEnd(server, dataset, { ...SMALL_NETWORK, epochs }, context);
    });
  const smallEpochs = Math.min(MOST_SMALL_EPOCHS, Math.max(LEAST_SMALL_EPOCHS, Math.ceil(large / small)));
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

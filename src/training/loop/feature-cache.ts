import { open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import { openShard, type ShardReader } from "../../data/shards/shard-reader.js";
import type { Session } from "../../engine/session.js";
import { augments } from "../../graph/augmentation/augment-images.js";
import { BatchSource, imagesOf, microBatchSizes, type SampleInput } from "./batch-source.js";
import { integers } from "./graph-outputs.js";

/** Name of the file below the folder of the run; each attempt has its own file. */
const FILE = /^features-\d+\.bin$/;
const WORD_BYTES = 4;

/** Whether the outputs of the frozen blocks are the same in every epoch, so that they are computed once and cached. */
export function cachesFeatures({ frozenBlocks, augmentation }: RunConfiguration): boolean {
  return frozenBlocks > 0 && !augments(augmentation);
}

/** The input of the network when the outputs of the frozen blocks are cached. */
export function featuresOf(session: Session): SampleInput {
  const words = session.signatures.features?.outputs.features?.shape[1];
  if (words === null || words === undefined) throw new Error("The graph returns no features.");
  return { name: "features", dtype: "int32", shape: [words] };
}

/**
 * Computes the outputs of the frozen blocks for every image and packs them into a file in the order of the positions. The
 * file is a cache of one attempt: the next attempt computes it again.
 *
 * @param images reads the images of the dataset version
 * @param batchSize number of images that are computed at the same time
 * @param onProgress is called with the number of finished images and the number of all images
 */
export async function cacheFeatures(
  session: Session,
  images: ShardReader,
  options: {
    readonly runFolder: string;
    readonly attempt: number;
    readonly imageSizePixels: number;
    readonly batchSize: number;
    readonly onProgress: (done: number, total: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<ShardReader> {
  const { runFolder, attempt, imageSizePixels, batchSize, onProgress, signal } = options;
  const file = path.join(runFolder, fileOf(attempt));
  const [words = 0] = featuresOf(session).shape;
  const total = images.index.sampleCount;
  const source = new BatchSource(images, imagesOf(imageSizePixels), batchSize);
  const everything = Int32Array.from({ length: total }, (_, position) => position);
  let done = 0;
  await using handle = await open(file, "w", 0o600);
  for await (const { inputs, size } of source.batches(
    everything,
    microBatchSizes(total, batchSize, batchSize),
  )) {
    signal.throwIfAborted();
    const { images } = inputs;
    const outputs = await session.run("features", images === undefined ? {} : { images });
    const { buffer, byteOffset, byteLength } = integers(outputs, "features");
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const { bytesWritten } = await handle.write(bytes, 0, byteLength, done * words * WORD_BYTES);
    if (bytesWritten < byteLength) throw new Error("The disk accepted only a part of the features.");
    done += size;
    onProgress(done, total);
  }
  return openShard(file, images.index, words * WORD_BYTES);
}

/** @param attempt null: removes the features of all attempts */
export async function removeFeatures(runFolder: string, attempt: number | null = null): Promise<void> {
  const found = attempt === null ? await readdir(runFolder).catch(() => []) : [fileOf(attempt)];
  for (const name of found.filter((name) => FILE.test(name))) {
    await rm(path.join(runFolder, name), { force: true });
  }
}

function fileOf(attempt: number): string {
  return `features-${attempt}.bin`;
}

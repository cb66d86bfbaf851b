import { open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { RunConfiguration } from "../../core/run-configuration.js";
import { openShard, type ShardReader } from "../../data/shards/shard-reader.js";
import type { Session } from "../../engine/session.js";
import { augments } from "../../graph/augmentation/augment-images.js";
import { BatchSource, partSizes, picturesOf, type SampleInput } from "./batch-source.js";
import { integers } from "./graph-outputs.js";

/** Below the run's own folder; each attempt has its own. */
const FILE = /^features-\d+\.bin$/;
const WORD_BYTES = 4;

/** Whether what the first blocks give stays the same from epoch to epoch, so that it is computed once. */
export function cachesFeatures({ frozenBlocks, augmentation }: RunConfiguration): boolean {
  return frozenBlocks > 0 && !augments(augmentation);
}

/** What the network is fed with when the frozen blocks' work is done. */
export function featuresOf(session: Session): SampleInput {
  const words = session.signatures.features?.outputs.features?.shape[1];
  if (words === null || words === undefined) throw new Error("The graph gives no features.");
  return { name: "features", dtype: "int32", shape: [words] };
}

/**
 * Computes what the frozen blocks give of every picture and packs it into a file, one after the other by
 * position. The file is a cache of one attempt: whoever trains the run next computes it again.
 *
 * @param pictures of the version
 * @param batchSize pictures that are computed at once
 * @param onProgress pictures done, of how many
 */
export async function cacheFeatures(
  session: Session,
  pictures: ShardReader,
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
  const total = pictures.index.sampleCount;
  const source = new BatchSource(pictures, picturesOf(imageSizePixels), batchSize);
  const everything = Int32Array.from({ length: total }, (_, position) => position);
  let done = 0;
  await using handle = await open(file, "w", 0o600);
  for await (const { inputs, size } of source.batches(everything, partSizes(total, batchSize, batchSize))) {
    signal.throwIfAborted();
    const { images } = inputs;
    const outputs = await session.run("features", images === undefined ? {} : { images });
    const { buffer, byteOffset, byteLength } = integers(outputs, "features");
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const { bytesWritten } = await handle.write(bytes, 0, byteLength, done * words * WORD_BYTES);
    if (bytesWritten < byteLength) throw new Error("The disk took only a part of the features.");
    done += size;
    onProgress(done, total);
  }
  return openShard(file, pictures.index, words * WORD_BYTES);
}

/** @param attempt null: those of every attempt */
export async function removeFeatures(runFolder: string, attempt: number | null = null): Promise<void> {
  const found = attempt === null ? await readdir(runFolder).catch(() => []) : [fileOf(attempt)];
  for (const name of found.filter((name) => FILE.test(name))) {
    await rm(path.join(runFolder, name), { force: true });
  }
}

function fileOf(attempt: number): string {
  return `features-${attempt}.bin`;
}

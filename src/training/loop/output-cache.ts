import { open, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { openShard, type ShardReader } from "../../data/shards/shard-reader.js";
import type { Session } from "../../engine/session.js";
import { BatchSource, imagesOf, microBatchSizes } from "./batch-source.js";

const CACHE_KINDS = ["features", "teacher-logits"] as const;

/** The files below the folder of a run; each attempt has its own. */
export type CacheKind = (typeof CACHE_KINDS)[number];

/** A cache of one attempt: the next attempt computes it again. */
export interface CacheFile {
  readonly runFolder: string;
  readonly kind: CacheKind;
  readonly attempt: number;
}

export interface CachedOutput {
  /** Takes images and returns a row of the output for each. */
  readonly signature: string;
  readonly output: string;
  /** Bytes of a row. */
  readonly rowBytes: number;
}

/**
 * Computes an output for images and packs it into a file, ordered by position.
 *
 * @param images reads the images of the dataset version
 * @param options.positions in ascending order; those of other images stay empty
 * @param options.batchSize number of images that are computed at the same time
 * @param options.onProgress is called with the number of finished images and the number of all of them
 */
export async function cacheOutput(
  session: Session,
  images: ShardReader,
  { signature, output, rowBytes }: CachedOutput,
  options: {
    readonly file: CacheFile;
    readonly positions: Int32Array;
    readonly imageSizePixels: number;
    readonly batchSize: number;
    readonly onProgress: (done: number, total: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<ShardReader> {
  const { positions, imageSizePixels, batchSize, onProgress, signal } = options;
  const file = pathOf(options.file);
  const source = new BatchSource([{ reader: images, input: imagesOf(imageSizePixels) }], batchSize);
  const total = positions.length;
  let done = 0;
  await using handle = await open(file, "w", 0o600);
  await handle.truncate(images.index.sampleCount * rowBytes);
  for await (const batch of source.batches(positions, microBatchSizes(total, batchSize, batchSize))) {
    signal.throwIfAborted();
    const { images } = batch.inputs;
    const outputs = await session.run(signature, images === undefined ? {} : { images });
    const rows = bytesOf(outputs[output]?.data, output);
    for (const { first, position, count } of adjacent(batch.positions)) {
      const length = count * rowBytes;
      const { bytesWritten } = await handle.write(rows, first * rowBytes, length, position * rowBytes);
      if (bytesWritten < length)
        throw new Error(`The disk accepted only a part of the ${options.file.kind}.`);
    }
    done += batch.size;
    onProgress(done, total);
  }
  return openShard(file, images.index, rowBytes);
}

export async function removeCache(file: CacheFile): Promise<void> {
  await rm(pathOf(file), { force: true });
}

/** Removes the caches of all attempts. */
export async function removeCaches(
  runFolder: string,
  kinds: readonly CacheKind[] = CACHE_KINDS,
): Promise<void> {
  const pattern = new RegExp(`^(${kinds.join("|")})-\\d+\\.bin$`);
  const found = (await readdir(runFolder).catch(() => [])).filter((name) => pattern.test(name));
  for (const name of found) await rm(path.join(runFolder, name), { force: true });
}

function pathOf({ runFolder, kind, attempt }: CacheFile): string {
  return path.join(runFolder, `${kind}-${attempt}.bin`);
}

function bytesOf(data: unknown, output: string): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new Error(`The graph returns no ${output}.`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Divides ascending positions into series without gaps; `first` is the place of a series among them. */
function* adjacent(
  positions: Int32Array,
): Generator<{ readonly first: number; readonly position: number; readonly count: number }, void> {
  for (let first = 0; first < positions.length; ) {
    const position = positions[first] ?? 0;
    let count = 1;
    while (first + count < positions.length && positions[first + count] === position + count) count++;
    yield { first, position, count };
    first += count;
  }
}

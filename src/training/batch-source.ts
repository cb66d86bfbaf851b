import type { ShardReader } from "../data/tensor-shards.js";
import type { TensorValue } from "../engine/engine-protocol.js";

/** Pictures and their classes, as the graph's signatures take them. */
export interface Batch {
  /** uint8 [size, imageSize, imageSize, 3]. */
  readonly images: TensorValue;
  /** int32 [size]. */
  readonly labels: TensorValue;
  readonly size: number;
}

/** Reads batches while the engine computes: the one after the batch in use is always on its way. */
export class BatchSource {
  readonly #buffers: readonly Uint8Array[];

  /** @param largestBatch the most pictures that a batch will have */
  constructor(
    private readonly reader: ShardReader,
    private readonly imageSizePixels: number,
    largestBatch: number,
  ) {
    // One in use and one being filled. Shared memory reaches the engine's thread without a copy and,
    // unlike a transferred buffer, comes back.
    this.#buffers = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(largestBatch * reader.imageBytes)));
  }

  /**
   * The pictures at `positions`, in that order; the last batch may be smaller. A batch's memory is
   * used again once the next one is asked for.
   */
  async *batches(positions: Int32Array, batchSize: number): AsyncGenerator<Batch, void> {
    let next: Promise<Batch> | null = null;
    try {
      next = this.#read(positions.subarray(0, batchSize), 0);
      for (let start = 0, turn = 1; start < positions.length; start += batchSize, turn ^= 1) {
        const batch: Batch = await next;
        const following = positions.subarray(start + batchSize, start + 2 * batchSize);
        next = this.#read(following, turn);
        next.catch(() => {}); // Thrown where it is awaited; until then it must not count as unheard.
        yield batch;
      }
    } finally {
      // Whoever stops early may close the reader, so nothing may be reading any more.
      await next?.catch(() => {});
    }
  }

  async #read(positions: Int32Array, turn: number): Promise<Batch> {
    const size = positions.length;
    const { imageBytes, labels } = this.reader;
    const images = (this.#buffers[turn] ?? new Uint8Array()).subarray(0, size * imageBytes);
    if (size > 0) await this.reader.readImages(positions, images);
    return {
      images: { dtype: "uint8", shape: [size, this.imageSizePixels, this.imageSizePixels, 3], data: images },
      labels: {
        dtype: "int32",
        shape: [size],
        data: Int32Array.from(positions, (position) => labels[position] ?? 0),
      },
      size,
    };
  }
}

import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { TensorValue } from "../../engine/engine-protocol.js";
import type { DType } from "../../graph/tensor-spec.js";

/** The input of the network for each sample, with its name in the signatures of the graph. */
export interface SampleInput {
  readonly name: "images" | "features";
  readonly dtype: Extract<DType, "uint8" | "int32">;
  /** Shape of one sample: [height, width, 3], or [words]. */
  readonly shape: readonly number[];
}

export function imagesOf(sizePixels: number): SampleInput {
  return { name: "images", dtype: "uint8", shape: [sizePixels, sizePixels, 3] };
}

/** Samples and their classes, in the form that the signatures of the graph expect. */
export interface Batch {
  /** Positions in the manifest. */
  readonly positions: Int32Array;
  /** By the name of the input of the signature. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** By position. */
  readonly labels: Int32Array;
  readonly size: number;
}

/** Reads the next batch while the engine computes the current one. */
export class BatchSource {
  readonly #buffers: readonly SharedArrayBuffer[];

  /** @param maxBatchSize the largest number of samples of a batch */
  constructor(
    private readonly reader: ShardReader,
    private readonly input: SampleInput,
    maxBatchSize: number,
  ) {
    // One buffer is in use while the other is filled. Shared memory reaches the thread of the engine without a copy and,
    // unlike a transferred buffer, stays usable here.
    this.#buffers = [0, 1].map(() => new SharedArrayBuffer(maxBatchSize * reader.imageBytes));
  }

  /**
   * Yields the samples at `positions`, in their order, in batches of the given sizes. The memory of a batch is reused when
   * the next batch is requested.
   */
  async *batches(positions: Int32Array, sizes: Iterable<number>): AsyncGenerator<Batch, void> {
    let next: Promise<Batch> | null = null;
    let [start, turn] = [0, 0];
    try {
      for (const size of sizes) {
        const following = this.#read(positions.slice(start, start + size), turn);
        following.catch(() => {}); // It is thrown where it is awaited; until then it must not count as unhandled.
        start += size;
        turn ^= 1;
        const batch = next;
        next = following;
        if (batch !== null) yield await batch;
      }
      if (next !== null) yield await next;
    } finally {
      // A caller that stops early may close the reader, so nothing may still be reading.
      await next?.catch(() => {});
    }
  }

  async #read(positions: Int32Array, turn: number): Promise<Batch> {
    const size = positions.length;
    const { imageBytes, index } = this.reader;
    const bytes = new Uint8Array(this.#buffers[turn] ?? new SharedArrayBuffer(0), 0, size * imageBytes);
    if (size > 0) await this.reader.readImages(positions, bytes);
    const { name, dtype, shape } = this.input;
    const data = dtype === "uint8" ? bytes : new Int32Array(bytes.buffer, 0, (size * imageBytes) / 4);
    const labels = Int32Array.from(positions, (position) => index.labels[position] ?? 0);
    return {
      positions,
      labels,
      size,
      inputs: {
        [name]: { dtype, shape: [size, ...shape], data },
        // A copy, because the engine takes ownership of the array.
        labels: { dtype: "int32", shape: [size], data: labels.slice() },
        samples: { dtype: "int32", shape: [size], data: positions.slice() },
      },
    };
  }
}

/** The sizes of the micro-batches of each batch: at most `microBatchSize`, and never across two batches. */
export function* microBatchSizes(
  samples: number,
  batchSize: number,
  microBatchSize: number,
): Generator<number, void> {
  for (let start = 0; start < samples; start += batchSize) {
    const batch = Math.min(batchSize, samples - start);
    for (let done = 0; done < batch; done += microBatchSize) yield Math.min(microBatchSize, batch - done);
  }
}

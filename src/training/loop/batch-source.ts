import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { TensorValue } from "../../engine/engine-protocol.js";
import type { DType } from "../../graph/tensor-spec.js";

/** An input of the graph for each sample, with its name in the signatures. */
export interface SampleInput {
  readonly name: "images" | "features" | "teacher_logits";
  readonly dtype: Extract<DType, "uint8" | "int32" | "float32">;
  /** Shape of one sample: [height, width, 3], [words] or [classes]. */
  readonly shape: readonly number[];
}

/** An input and the file that holds it. All inputs of a batch are of one dataset version. */
export interface PackedInput {
  readonly reader: ShardReader;
  readonly input: SampleInput;
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
  /** Buffers of each packed input. */
  readonly #buffers: readonly (readonly SharedArrayBuffer[])[];

  /** @param maxBatchSize the largest number of samples of a batch */
  constructor(
    private readonly packed: readonly [PackedInput, ...PackedInput[]],
    maxBatchSize: number,
  ) {
    // One buffer is in use while the other is filled. Shared memory reaches the thread of the engine without a copy and,
    // unlike a transferred buffer, stays usable here.
    this.#buffers = packed.map(({ reader }) =>
      [0, 1].map(() => new SharedArrayBuffer(maxBatchSize * reader.imageBytes)),
    );
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
    const packed = await Promise.all(
      this.packed.map(async ({ reader, input: { name, dtype, shape } }, place) => {
        const buffer = this.#buffers[place]?.[turn] ?? new SharedArrayBuffer(0);
        const bytes = new Uint8Array(buffer, 0, size * reader.imageBytes);
        if (size > 0) await reader.readImages(positions, bytes);
        return [name, { dtype, shape: [size, ...shape], data: valuesIn(bytes, dtype) }] as const;
      }),
    );
    const [{ reader }] = this.packed;
    const labels = Int32Array.from(positions, (position) => reader.index.labels[position] ?? 0);
    return {
      positions,
      labels,
      size,
      inputs: {
        ...Object.fromEntries(packed),
        // A copy, because the engine takes ownership of the array.
        labels: { dtype: "int32", shape: [size], data: labels.slice() },
        samples: { dtype: "int32", shape: [size], data: positions.slice() },
      },
    };
  }
}

/** The numbers that packed bytes are. */
function valuesIn(
  { buffer, byteLength }: Uint8Array,
  dtype: SampleInput["dtype"],
): Uint8Array | Int32Array | Float32Array {
  switch (dtype) {
    case "uint8":
      return new Uint8Array(buffer, 0, byteLength);
    case "int32":
      return new Int32Array(buffer, 0, byteLength / 4);
    case "float32":
      return new Float32Array(buffer, 0, byteLength / 4);
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

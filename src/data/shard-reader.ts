import { type FileHandle, open } from "node:fs/promises";
import type { SampleRecord } from "../core/dataset-records.js";
import { Split } from "../core/enumerations.js";

/** Packed pictures of one version at one size; safe for use by several at once. */
export interface ShardReader extends AsyncDisposable {
  readonly sampleCount: number;
  /** Bytes of one picture: height x width x 3. */
  readonly imageBytes: number;
  /** Class index by position. */
  readonly labels: Int32Array;
  /** By position. */
  readonly splits: readonly Split[];
  /** Writes the pictures at `positions` one after the other to the start of `into`, in that order. */
  readImages(positions: Int32Array | readonly number[], into: Uint8Array): Promise<void>;
  /** Ascending. */
  positionsOf(split: Split): Int32Array;
}

/**
 * Opens a finished file of pictures.
 *
 * @param samples of the version, by position
 */
export async function openShard(
  file: string,
  samples: readonly SampleRecord[],
  imageBytes: number,
): Promise<ShardReader> {
  return new FileShardReader(await open(file, "r"), samples, imageBytes);
}

class FileShardReader implements ShardReader {
  readonly sampleCount: number;
  readonly labels: Int32Array;
  readonly splits: readonly Split[];
  readonly #positionsBySplit: ReadonlyMap<Split, Int32Array>;

  constructor(
    private readonly handle: FileHandle,
    samples: readonly SampleRecord[],
    readonly imageBytes: number,
  ) {
    this.sampleCount = samples.length;
    this.labels = Int32Array.from(samples, ({ classIndex }) => classIndex);
    this.splits = samples.map(({ split }) => split);
    this.#positionsBySplit = new Map(
      Object.values(Split).map((split) => [
        split,
        Int32Array.from(samples.filter((sample) => sample.split === split).map(({ position }) => position)),
      ]),
    );
  }

  positionsOf(split: Split): Int32Array {
    return this.#positionsBySplit.get(split) ?? new Int32Array();
  }

  async readImages(positions: Int32Array | readonly number[], into: Uint8Array): Promise<void> {
    if (into.length < positions.length * this.imageBytes) {
      throw new RangeError(
        `${positions.length} pictures take ${positions.length * this.imageBytes} bytes. Received ${into.length}.`,
      );
    }
    const reads: Promise<void>[] = [];
    for (let first = 0; first < positions.length; ) {
      const from = this.#require(positions[first]);
      let count = 1;
      // Neighbours in the file come in one read: evaluation goes through a split in order.
      while (first + count < positions.length && positions[first + count] === from + count) count++;
      this.#require(from + count - 1);
      const target = into.subarray(first * this.imageBytes, (first + count) * this.imageBytes);
      reads.push(this.#readFully(target, from * this.imageBytes));
      first += count;
    }
    await Promise.all(reads);
  }

  #require(position: number | undefined): number {
    if (
      position !== undefined &&
      Number.isInteger(position) &&
      position >= 0 &&
      position < this.sampleCount
    ) {
      return position;
    }
    throw new RangeError(`A position must be from 0 to ${this.sampleCount - 1}. Received ${position}.`);
  }

  async #readFully(target: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.handle.read(target, done, target.length - done, offset + done);
      if (bytesRead === 0) throw new Error("The file of packed pictures ends before its last picture.");
      done += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close(); // waits for reads that are under way
  }
}

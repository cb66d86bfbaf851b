import { type FileHandle, open } from "node:fs/promises";
import type { SampleIndex } from "./sample-index.js";

/** The packed images of one version at one size. Several callers may read at the same time. */
export interface ShardReader extends AsyncDisposable {
  readonly index: SampleIndex;
  /** Bytes of one image: height x width x 3, or the size of what else was packed. */
  readonly imageBytes: number;
  /** Writes the images at `positions`, in this order, one after the other to the start of `into`. */
  readImages(positions: Int32Array | readonly number[], into: Uint8Array): Promise<void>;
}

/** Opens a finished file of images, or of other data with the same size for every sample. */
export async function openShard(file: string, index: SampleIndex, imageBytes: number): Promise<ShardReader> {
  return new FileShardReader(await open(file, "r"), index, imageBytes);
}

class FileShardReader implements ShardReader {
  constructor(
    private readonly handle: FileHandle,
    readonly index: SampleIndex,
    readonly imageBytes: number,
  ) {}

  async readImages(positions: Int32Array | readonly number[], into: Uint8Array): Promise<void> {
    if (into.length < positions.length * this.imageBytes) {
      throw new RangeError(
        `${positions.length} images take ${positions.length * this.imageBytes} bytes. Received ${into.length}.`,
      );
    }
    const reads: Promise<void>[] = [];
    for (let first = 0; first < positions.length; ) {
      const from = this.#require(positions[first]);
      let count = 1;
      // Adjacent images take one read: evaluation reads a split in order.
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
      position < this.index.sampleCount
    ) {
      return position;
    }
    throw new RangeError(`A position must be from 0 to ${this.index.sampleCount - 1}. Received ${position}.`);
  }

  async #readFully(target: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.handle.read(target, done, target.length - done, offset + done);
      if (bytesRead === 0) throw new Error("The file of packed images ends before its last image.");
      done += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close(); // waits for reads in progress
  }
}

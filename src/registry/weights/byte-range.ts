import type { FileHandle } from "node:fs/promises";
import { invalidWeights } from "./invalid-weights.js";

/** More at once is never needed, however long a damaged file says that something is. */
const LARGEST_READ_BYTES = 64 * 1024 * 1024;

/** A part of a file, read where it is asked for. */
export class ByteRange {
  private constructor(
    private readonly handle: FileHandle,
    private readonly start: number,
    readonly length: number,
  ) {}

  /** The whole file; the handle stays the caller's. */
  static async of(handle: FileHandle): Promise<ByteRange> {
    const { size } = await handle.stat();
    return new ByteRange(handle, 0, size);
  }

  /**
   * @param what what lies there, for the message
   * @throws AppError `WEIGHTS_INVALID` when it would leave this range
   */
  slice(at: number, length: number, what: string): ByteRange {
    this.#require(at, length, what);
    return new ByteRange(this.handle, this.start + at, length);
  }

  /** @throws AppError `WEIGHTS_INVALID` when it would leave this range or is too much for one read */
  async read(at: number, length: number, what: string): Promise<Buffer<ArrayBuffer>> {
    this.#require(at, length, what);
    if (length > LARGEST_READ_BYTES) {
      throw invalidWeights(`at most ${LARGEST_READ_BYTES} bytes for ${what}`, `${length} bytes`);
    }
    // A buffer of its own, so that numbers in it are aligned and it can be handed on.
    const bytes = Buffer.from(new ArrayBuffer(length));
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.handle.read(bytes, done, length - done, this.start + at + done);
      if (bytesRead === 0)
        throw invalidWeights(`${length} bytes for ${what}`, `a file that ends after ${done}`);
      done += bytesRead;
    }
    return bytes;
  }

  #require(at: number, length: number, what: string): void {
    const possible = Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 && length >= 0;
    if (possible && at + length <= this.length) return;
    throw invalidWeights(`${what} within its ${this.length} bytes`, `bytes ${at} to ${at + length}`);
  }
}

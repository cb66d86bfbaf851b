import type { FileHandle } from "node:fs/promises";
import { invalidWeights } from "./invalid-weights.js";

/** No reader needs more at once; a damaged file may claim any length. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

/** A part of a file, which is read on demand. */
export class ByteRange {
  private constructor(
    private readonly handle: FileHandle,
    private readonly start: number,
    readonly length: number,
  ) {}

  /** The whole file; the caller closes the handle. */
  static async of(handle: FileHandle): Promise<ByteRange> {
    const { size } = await handle.stat();
    return new ByteRange(handle, 0, size);
  }

  /**
   * @param what the content of the slice, for the message
   * @throws AppError `WEIGHTS_INVALID` for a slice that is not inside this range
   */
  slice(at: number, length: number, what: string): ByteRange {
    this.#require(at, length, what);
    return new ByteRange(this.handle, this.start + at, length);
  }

  /** @throws AppError `WEIGHTS_INVALID` for bytes that are not inside this range, or too many for one read */
  async read(at: number, length: number, what: string): Promise<Buffer<ArrayBuffer>> {
    this.#require(at, length, what);
    if (length > MAX_READ_BYTES) {
      throw invalidWeights(`at most ${MAX_READ_BYTES} bytes for ${what}`, `${length} bytes`);
    }
    // A separate buffer, so that its numbers are aligned and the caller can keep it.
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

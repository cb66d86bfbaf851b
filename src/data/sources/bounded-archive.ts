import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import yauzl from "yauzl";

/**
 * The file of a zip as its reader asks for it, at positions that the archive itself states. The file
 * system throws at impossible ones, in a callback where nobody could catch it and the process would
 * end; here they are an error like any other.
 */
export class BoundedArchive extends yauzl.RandomAccessReader {
  /** The handle stays the caller's. */
  constructor(
    private readonly handle: FileHandle,
    private readonly sizeBytes: number,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead: number) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.sizeBytes)) {
      const error = new Error(`it points to byte ${position}, and has ${this.sizeBytes}`);
      setImmediate(callback, error, 0);
      return;
    }
    this.handle.read(buffer, offset, length, position).then(
      ({ bytesRead }) => callback(null, bytesRead),
      (error: Error) => callback(error, 0),
    );
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null);
  }

  /** The entries are read by whoever asks, not as streams. */
  override _readStreamForRange(): Readable {
    throw new Error("An archive's entries are not read as streams.");
  }
}

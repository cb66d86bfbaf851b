import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import yauzl from "yauzl";

/**
 * Reads the file of a zip at positions that the archive states. The file system throws for impossible positions, in a
 * callback where nothing can catch the error and the process would end. This class reports them as ordinary errors.
 */
export class BoundedArchive extends yauzl.RandomAccessReader {
  /** The caller closes the handle. */
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
      const error = new Error(`it refers to byte ${position} of ${this.sizeBytes}`);
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

  /** Entries are read with `read`. */
  override _readStreamForRange(): Readable {
    throw new Error("An archive's entries are not read as streams.");
  }
}

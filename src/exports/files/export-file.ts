import { type FileHandle, open } from "node:fs/promises";

/** A file that is written from its start to its end. It is complete and safe from a crash after `finish`. */
export class ExportFile implements AsyncDisposable {
  #sizeBytes = 0;
  #closed = false;

  private constructor(private readonly handle: FileHandle) {}

  /** @param file must not exist */
  static async create(file: string): Promise<ExportFile> {
    return new ExportFile(await open(file, "wx", 0o600));
  }

  /** The bytes that were appended so far, which is the place of the next one. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes, this.#sizeBytes);
    this.#sizeBytes += bytes.length;
  }

  /** Appends zeros up to a multiple of `alignment`. */
  async align(alignment: number): Promise<void> {
    const missing = (alignment - (this.#sizeBytes % alignment)) % alignment;
    if (missing > 0) await this.append(new Uint8Array(missing));
  }

  /** Writes over bytes that were appended. */
  async overwrite(position: number, bytes: Uint8Array): Promise<void> {
    if (position + bytes.length > this.#sizeBytes) {
      throw new Error(`Expected a place within ${this.#sizeBytes} bytes. Received ${position}.`);
    }
    await this.#write(bytes, position);
  }

  /** Waits until the content is safe from a crash, and closes the file. */
  async finish(): Promise<void> {
    await this.handle.sync();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.handle.close();
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }
}

/** The bytes of an array of numbers, without a copy. The machines that TensorFlow runs on are little-endian. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

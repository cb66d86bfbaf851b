import { invalidWeights } from "./invalid-weights.js";

/** Reads the fields of a structure one after another, little endian. */
export class FieldReader {
  #position = 0;

  /** @param what the structure, for messages */
  constructor(
    private readonly bytes: Buffer,
    private readonly what: string,
  ) {}

  take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.bytes.length) {
      throw invalidWeights(`${this.what} whole`, `${this.bytes.length} bytes of it, not ${end}`);
    }
    const taken = this.bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  skip(length: number): void {
    this.take(length);
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16LE();
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  /** An address or a length. A number that is too large to be exact is still larger than any file. */
  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** @throws AppError `WEIGHTS_INVALID` when the structure does not begin with this signature */
  signature(expected: string): void {
    const found = this.take(expected.length).toString("latin1");
    if (found !== expected) throw invalidWeights(`"${expected}" before ${this.what}`, JSON.stringify(found));
  }
}

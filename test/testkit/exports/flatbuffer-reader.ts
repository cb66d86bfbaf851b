/** A table of a FlatBuffer, read by the numbers of its fields as the format's own description has it. */
export class FlatTableReader {
  constructor(
    private readonly bytes: Buffer,
    private readonly position: number,
  ) {}

  static root(bytes: Buffer): FlatTableReader {
    return new FlatTableReader(bytes, bytes.readUInt32LE(0));
  }

  /** Where a field is; null: it is left out. */
  place(field: number): number | null {
    const vtable = this.position - this.bytes.readInt32LE(this.position);
    const entry = 4 + 2 * field;
    if (entry >= this.bytes.readUInt16LE(vtable)) return null;
    const offset = this.bytes.readUInt16LE(vtable + entry);
    return offset === 0 ? null : this.position + offset;
  }

  int8(field: number): number {
    const place = this.place(field);
    return place === null ? 0 : this.bytes.readInt8(place);
  }

  int32(field: number): number {
    const place = this.place(field);
    return place === null ? 0 : this.bytes.readInt32LE(place);
  }

  float32(field: number): number {
    const place = this.place(field);
    return place === null ? 0 : this.bytes.readFloatLE(place);
  }

  table(field: number): FlatTableReader | null {
    const target = this.target(field);
    return target === null ? null : new FlatTableReader(this.bytes, target);
  }

  text(field: number): string | null {
    const target = this.target(field);
    if (target === null) return null;
    const end = target + 4 + this.bytes.readUInt32LE(target);
    if (this.bytes[end] !== 0) throw new Error("A text must end with a zero byte.");
    return this.bytes.toString("utf8", target + 4, end);
  }

  tables(field: number): FlatTableReader[] {
    return this.#elements(field, 4, (place) => {
      return new FlatTableReader(this.bytes, place + this.bytes.readUInt32LE(place));
    });
  }

  int32s(field: number): number[] {
    return this.#elements(field, 4, (place) => this.bytes.readInt32LE(place));
  }

  float32s(field: number): number[] {
    return this.#elements(field, 4, (place) => this.bytes.readFloatLE(place));
  }

  int64s(field: number): bigint[] {
    return this.#elements(field, 8, (place) => this.bytes.readBigInt64LE(place));
  }

  content(field: number): Buffer | null {
    const target = this.target(field);
    if (target === null) return null;
    return this.bytes.subarray(target + 4, target + 4 + this.bytes.readUInt32LE(target));
  }

  /** Where the target of a reference is: the length of a text or vector, or the start of a table. */
  target(field: number): number | null {
    const place = this.place(field);
    return place === null ? null : place + this.bytes.readUInt32LE(place);
  }

  #elements<Element>(field: number, size: number, read: (place: number) => Element): Element[] {
    const target = this.target(field);
    if (target === null) return [];
    return Array.from({ length: this.bytes.readUInt32LE(target) }, (_, index) =>
      read(target + 4 + index * size),
    );
  }
}

/** A number in a table. */
export interface FlatScalar {
  readonly kind: "int8" | "int32" | "uint32" | "float32";
  readonly value: number;
}

/** The fields of a table by their number in the schema; null where the schema's default holds. */
export interface FlatTable {
  readonly kind: "table";
  readonly fields: readonly (FlatField | null)[];
}

export interface FlatText {
  readonly kind: "text";
  readonly value: string;
}

/** A vector of numbers. */
export interface FlatNumbers {
  readonly kind: "numbers";
  readonly values: Int32Array | Float32Array | BigInt64Array;
}

/** A vector of tables or texts. */
export interface FlatList {
  readonly kind: "list";
  readonly elements: readonly FlatReference[];
}

/** A vector of bytes that is a part of the head. */
export interface FlatBytes {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
}

/** A vector of bytes that is written behind the head, so that it need not be in memory with the others. */
export interface StreamedBytes {
  readonly kind: "streamed";
  readonly sizeBytes: number;
}

export type FlatReference = FlatTable | FlatText | FlatNumbers | FlatList | FlatBytes | StreamedBytes;
export type FlatField = FlatScalar | FlatReference;

export const int8 = (value: number): FlatScalar => ({ kind: "int8", value });
export const int32 = (value: number): FlatScalar => ({ kind: "int32", value });
export const uint32 = (value: number): FlatScalar => ({ kind: "uint32", value });
export const float32 = (value: number): FlatScalar => ({ kind: "float32", value });
export const table = (...fields: readonly (FlatField | null)[]): FlatTable => ({ kind: "table", fields });
export const text = (value: string): FlatText => ({ kind: "text", value });
export const list = (elements: readonly FlatReference[]): FlatList => ({ kind: "list", elements });
export const int32Numbers = (values: readonly number[]): FlatNumbers => ({
  kind: "numbers",
  values: Int32Array.from(values),
});
export const int64Numbers = (values: readonly number[]): FlatNumbers => ({
  kind: "numbers",
  values: BigInt64Array.from(values, BigInt),
});
export const float32Numbers = (values: Float32Array): FlatNumbers => ({ kind: "numbers", values });

/** A vector of bytes that follows the head. */
export interface PlacedBytes {
  readonly bytes: StreamedBytes;
  /** Position of the first byte of the content, in the file; a multiple of 16. Its length stands in the 4 bytes before. */
  readonly position: number;
}

export interface EncodedFlatbuffer {
  /** Tables, texts and small vectors: the start of the file. */
  readonly head: Buffer<ArrayBuffer>;
  /** In the order of their positions. The bytes between them are zeros. */
  readonly streamed: readonly PlacedBytes[];
  readonly sizeBytes: number;
}

/** Alignment of the content of byte vectors, as the schema of TensorFlow Lite demands (`force_align`). */
const BYTES_ALIGNMENT = 16;
const LENGTH_BYTES = 4;
const OFFSET_BYTES = 4;
const IDENTIFIER_POSITION = 4;

/**
 * Lays out a FlatBuffer (https://flatbuffers.dev/internals/) from the front to the back: a parent lies before its
 * children, because offsets are unsigned, and streamed bytes lie behind everything else. The usual builders go from the
 * back to the front, and so need all the content before they can place the first byte.
 *
 * @param identifier four letters
 */
export function encodeFlatbuffer(root: FlatTable, identifier: string): EncodedFlatbuffer {
  const head = new Head();
  const rootOffset = head.reserve(OFFSET_BYTES, OFFSET_BYTES);
  head.bytes.write(identifier, head.reserve(identifier.length, 1), "latin1");
  if (rootOffset + OFFSET_BYTES !== IDENTIFIER_POSITION)
    throw new Error("The identifier has a fixed position.");
  head.refer(rootOffset, root);

  const streamed: PlacedBytes[] = [];
  let sizeBytes = head.sizeBytes;
  for (const { field, bytes } of head.streamed) {
    const position = aligned(sizeBytes + LENGTH_BYTES, BYTES_ALIGNMENT);
    head.bytes.writeUInt32LE(position - LENGTH_BYTES - field, field);
    streamed.push({ bytes, position });
    sizeBytes = position + bytes.sizeBytes;
  }
  return { head: head.bytes.subarray(0, head.sizeBytes), streamed, sizeBytes };
}

class Head {
  bytes: Buffer<ArrayBuffer> = Buffer.alloc(1 << 14);
  sizeBytes = 0;
  readonly streamed: { readonly field: number; readonly bytes: StreamedBytes }[] = [];
  /** Tables with the same fields share their description. */
  readonly #vtables = new Map<string, number>();

  /**
   * Reserves zeros.
   *
   * @param alignment of the position, or of the place `shift` bytes behind it
   */
  reserve(sizeBytes: number, alignment: number, shift = 0): number {
    const position = aligned(this.sizeBytes + shift, alignment) - shift;
    this.sizeBytes = position + sizeBytes;
    while (this.sizeBytes > this.bytes.length)
      this.bytes = Buffer.concat([this.bytes, Buffer.alloc(this.bytes.length)]);
    return position;
  }

  /** Places `target`, and writes the offset to it into the 4 bytes at `field`. */
  refer(field: number, target: FlatReference): void {
    if (target.kind === "streamed") {
      this.streamed.push({ field, bytes: target });
      return;
    }
    const position = this.#place(target);
    this.bytes.writeUInt32LE(position - field, field);
  }

  #place(node: Exclude<FlatReference, StreamedBytes>): number {
    switch (node.kind) {
      case "table":
        return this.#placeTable(node);
      case "list":
        return this.#placeList(node);
      case "text": {
        const encoded = Buffer.from(node.value, "utf8");
        // A text ends with a zero byte, which its length does not count.
        const position = this.#placeLength(encoded.length, encoded.length + 1, OFFSET_BYTES);
        encoded.copy(this.bytes, position + LENGTH_BYTES);
        return position;
      }
      case "numbers": {
        const { buffer, byteOffset, byteLength, length, BYTES_PER_ELEMENT } = node.values;
        const position = this.#placeLength(length, byteLength, BYTES_PER_ELEMENT);
        this.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), position + LENGTH_BYTES);
        return position;
      }
      case "bytes": {
        const position = this.#placeLength(node.bytes.length, node.bytes.length, BYTES_ALIGNMENT);
        this.bytes.set(node.bytes, position + LENGTH_BYTES);
        return position;
      }
    }
  }

  #placeList({ elements }: FlatList): number {
    const position = this.#placeLength(elements.length, elements.length * OFFSET_BYTES, OFFSET_BYTES);
    for (const [index, element] of elements.entries()) {
      this.refer(position + LENGTH_BYTES + index * OFFSET_BYTES, element);
    }
    return position;
  }

  /** Reserves a vector and writes its length. @param alignment of its content */
  #placeLength(length: number, contentBytes: number, alignment: number): number {
    const contentAlignment = Math.max(alignment, LENGTH_BYTES);
    const position = this.reserve(LENGTH_BYTES + contentBytes, contentAlignment, LENGTH_BYTES);
    this.bytes.writeUInt32LE(length, position);
    return position;
  }

  #placeTable({ fields }: FlatTable): number {
    const { offsets, sizeBytes } = tableLayout(fields);
    const vtable = this.#vtableOf(offsets, sizeBytes);
    const position = this.reserve(sizeBytes, OFFSET_BYTES);
    this.bytes.writeInt32LE(position - vtable, position);
    const references: (readonly [number, FlatReference])[] = [];
    for (const [index, field] of fields.entries()) {
      const place = position + (offsets[index] ?? 0);
      if (field === null) continue;
      if (!("value" in field) || field.kind === "text") references.push([place, field]);
      else if (field.kind === "int8") this.bytes.writeInt8(field.value, place);
      else if (field.kind === "int32") this.bytes.writeInt32LE(field.value, place);
      else if (field.kind === "uint32") this.bytes.writeUInt32LE(field.value, place);
      else this.bytes.writeFloatLE(field.value, place);
    }
    for (const [place, target] of references) this.refer(place, target);
    return position;
  }

  /** The description of a table: its own size, the size of the table, and the place of each field in it. */
  #vtableOf(offsets: readonly number[], tableBytes: number): number {
    const entries = [(offsets.length + 2) * 2, tableBytes, ...offsets];
    const key = entries.join();
    const known = this.#vtables.get(key);
    if (known !== undefined) return known;
    const position = this.reserve(entries.length * 2, 2);
    for (const [index, entry] of entries.entries()) this.bytes.writeUInt16LE(entry, position + index * 2);
    this.#vtables.set(key, position);
    return position;
  }
}

/** The place of each field within its table, 0 where it is left out. Fields of 4 bytes lie before those of 1 byte. */
function tableLayout(fields: readonly (FlatField | null)[]): {
  readonly offsets: readonly number[];
  readonly sizeBytes: number;
} {
  const count = fields.findLastIndex((field) => field !== null) + 1;
  const offsets = new Array<number>(count).fill(0);
  let sizeBytes = OFFSET_BYTES;
  for (const width of [OFFSET_BYTES, 1]) {
    for (const [index, field] of fields.entries()) {
      if (field === null || (field.kind === "int8" ? 1 : OFFSET_BYTES) !== width) continue;
      offsets[index] = sizeBytes;
      sizeBytes += width;
    }
  }
  return { offsets, sizeBytes };
}

function aligned(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

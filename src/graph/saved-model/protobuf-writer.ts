/**
 * Writes the protocol buffer wire format (https://protobuf.dev/programming-guides/encoding/), as
 * far as the messages of TensorFlow and ONNX need it. Every field is written, also one with its default.
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  /** int32, int64 and enum fields; negative numbers take ten bytes, as the format has it. */
  integer(field: number, value: number): void {
    this.#tag(field, WireType.varint);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
  }

  boolean(field: number, value: boolean): void {
    this.integer(field, value ? 1 : 0);
  }

  float(field: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#tag(field, WireType.fixed32);
    this.#append(bytes);
  }

  double(field: number, value: number): void {
    this.#tag(field, WireType.fixed64);
    this.#append(doubleBytes([value]));
  }

  /** A `repeated double`, packed. */
  doubles(field: number, values: readonly number[]): void {
    this.bytes(field, doubleBytes(values));
  }

  text(field: number, value: string): void {
    this.bytes(field, TEXT_ENCODER.encode(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.lengthPrefix(field, value.length);
    this.#append(value);
  }

  message(field: number, write: (message: ProtobufWriter) => void): void {
    const message = new ProtobufWriter();
    write(message);
    this.lengthPrefix(field, message.#sizeBytes);
    for (const chunk of message.#chunks) this.#append(chunk);
  }

  /** The beginning of a message or of bytes, `sizeBytes` of which follow elsewhere, so that they are never in memory. */
  lengthPrefix(field: number, sizeBytes: number): void {
    this.#tag(field, WireType.lengthDelimited);
    this.#varint(BigInt(sizeBytes));
  }

  /** One entry of a `map<string, Message>`. */
  mapEntry(field: number, key: string, write: (value: ProtobufWriter) => void): void {
    this.message(field, (entry) => {
      entry.text(1, key);
      entry.message(2, write);
    });
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#sizeBytes);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt((field << 3) | wireType));
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= 7n) {
      const low = Number(rest & 0x7fn);
      if (rest < 0x80n) {
        bytes.push(low);
        break;
      }
      bytes.push(low | 0x80);
    }
    this.#append(Uint8Array.from(bytes));
  }

  #append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
  }
}

const WireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

function doubleBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  for (const [index, value] of values.entries()) view.setFloat64(index * 8, value, true);
  return new Uint8Array(view.buffer);
}

const TEXT_ENCODER = new TextEncoder();

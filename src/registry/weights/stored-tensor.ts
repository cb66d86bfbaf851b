import type { ByteRange } from "./byte-range.js";
import { invalidWeights } from "./invalid-weights.js";

/** The types of numbers that can be imported, little endian. */
export type StoredType = "float16" | "bfloat16" | "float32" | "float64";

/** A tensor in a file of weights, which is read on demand. */
export interface StoredTensor {
  /** Its name in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  /** A `StoredType`, or the name of a type that cannot be imported, such as "int64". */
  readonly dtype: string;
  /**
   * Reads `count` elements from `start` on, in row-major order, as float32.
   *
   * @throws AppError `WEIGHTS_INVALID` when the file is damaged or the type is none of `StoredType`
   */
  read(start: number, count: number): Promise<Float32Array<ArrayBuffer>>;
}

interface Encoding {
  readonly bytes: number;
  decode(bytes: Buffer<ArrayBuffer>): Float32Array<ArrayBuffer>;
}

const ENCODINGS: Readonly<Record<StoredType, Encoding>> = {
  float16: { bytes: 2, decode: (bytes) => Float32Array.from(words(bytes), halfPrecision) },
  // The upper half of a float32.
  bfloat16: {
    bytes: 2,
    decode: (bytes) => new Float32Array(Uint32Array.from(words(bytes), (word) => word << 16).buffer),
  },
  float32: { bytes: 4, decode: ({ buffer, byteLength }) => new Float32Array(buffer, 0, byteLength / 4) },
  float64: {
    bytes: 8,
    decode: ({ buffer, byteLength }) => Float32Array.from(new Float64Array(buffer, 0, byteLength / 8)),
  },
};

export function isStoredType(dtype: string): dtype is StoredType {
  return Object.hasOwn(ENCODINGS, dtype);
}

export function sizeOf(dtype: StoredType): number {
  return ENCODINGS[dtype].bytes;
}

const MAX_RANK = 8;

/**
 * The number of elements of a tensor with this shape.
 *
 * @throws AppError `WEIGHTS_INVALID` for an impossible shape
 */
export function elementsOf(shape: readonly number[], name: string): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  const received = JSON.stringify(shape.slice(0, MAX_RANK + 1));
  if (shape.length > MAX_RANK)
    throw invalidWeights(`a shape of at most ${MAX_RANK} sizes for ${name}`, received);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw invalidWeights(`a shape of whole numbers for ${name}`, received);
  }
  if (Number.isSafeInteger(elements)) return elements;
  throw invalidWeights(`a shape of fewer than 2^53 numbers for ${name}`, received);
}

/** A tensor whose elements lie one after another at the start of `bytes`. */
export function contiguousTensor(
  tensor: { name: string; shape: readonly number[]; dtype: string },
  bytes: ByteRange,
): StoredTensor {
  const { name, shape, dtype } = tensor;
  return {
    name,
    shape,
    dtype,
    async read(start, count) {
      return readElements(bytes, { name, dtype }, start, count);
    },
  };
}

/** A tensor that a file leaves out, because all its elements are the same. */
export function constantTensor(name: string, shape: readonly number[], value: number): StoredTensor {
  return { name, shape, dtype: "float32", read: async (_, count) => new Float32Array(count).fill(value) };
}

/** @throws AppError `WEIGHTS_INVALID` */
export async function readElements(
  bytes: ByteRange,
  { name, dtype }: { name: string; dtype: string },
  start: number,
  count: number,
): Promise<Float32Array<ArrayBuffer>> {
  if (!isStoredType(dtype)) {
    throw invalidWeights(`${name} as one of ${Object.keys(ENCODINGS).join(", ")}`, dtype);
  }
  const encoding = ENCODINGS[dtype];
  return encoding.decode(await bytes.read(start * encoding.bytes, count * encoding.bytes, name));
}

function words({ buffer, byteLength }: Buffer<ArrayBuffer>): Uint16Array {
  return new Uint16Array(buffer, 0, byteLength / 2);
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function halfPrecision(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

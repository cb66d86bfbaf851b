import type { ByteRange } from "./byte-range.js";
import { invalidWeights, quoted } from "./invalid-weights.js";
import { contiguousTensor, elementsOf, isStoredType, type StoredTensor, sizeOf } from "./stored-tensor.js";

const LENGTH_BYTES = 8;
/** VGG19 needs 4 KB. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

const METADATA = "__metadata__";

const TYPES: ReadonlyMap<string, string> = new Map([
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F32", "float32"],
  ["F64", "float64"],
]);

/** Whether a file begins like safetensors, with a length and JSON. */
export function looksLikeSafetensors(start: Buffer, fileBytes: number): boolean {
  if (start.length <= LENGTH_BYTES || start[LENGTH_BYTES] !== "{".charCodeAt(0)) return false;
  return start.readBigUInt64LE() <= BigInt(fileBytes);
}

/** The content of a safetensors file. */
export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The texts under `__metadata__`, by their keys. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the tensors of a safetensors file: a 64-bit length, a JSON header of that length, the data.
 * See https://github.com/huggingface/safetensors#format.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readSafetensors(file: ByteRange): Promise<SafetensorsContent> {
  const length = Number((await file.read(0, LENGTH_BYTES, "the header's length")).readBigUInt64LE());
  if (length > MAX_HEADER_BYTES) {
    throw invalidWeights(`a header of at most ${MAX_HEADER_BYTES} bytes`, `${length} bytes`);
  }
  const header = parseHeader(await file.read(LENGTH_BYTES, length, "the header"));
  const dataStart = LENGTH_BYTES + length;
  const data = file.slice(dataStart, file.length - dataStart, "the data");
  const tensors = new Map<string, StoredTensor>();
  const metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) tensors.set(name, tensorOf(name, entry, data));
    else {
      for (const [key, text] of Object.entries(entry ?? {})) {
        if (typeof text === "string") metadata.set(key, text);
      }
    }
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Buffer): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return header;
  } catch (cause) {
    throw invalidWeights("a header in JSON", "something else", cause);
  }
  throw invalidWeights("a header that is a JSON object", "another value");
}

function tensorOf(name: string, entry: unknown, data: ByteRange): StoredTensor {
  const what = `tensor ${quoted(name)}`;
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !isNumbers(shape) || !isNumbers(offsets) || offsets.length !== 2) {
    throw invalidWeights(`dtype, shape and data_offsets for ${what}`, quoted(JSON.stringify(entry) ?? ""));
  }
  const [from = 0, to = 0] = offsets;
  const bytes = data.slice(from, to - from, what);
  const type = TYPES.get(dtype) ?? dtype;
  const elements = elementsOf(shape, what);
  if (isStoredType(type) && bytes.length !== elements * sizeOf(type)) {
    throw invalidWeights(`${elements * sizeOf(type)} bytes for ${what}`, `${bytes.length}`);
  }
  return contiguousTensor({ name, shape, dtype: type }, bytes);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

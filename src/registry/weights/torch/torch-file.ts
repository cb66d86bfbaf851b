import type { ByteRange } from "../byte-range.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import { elementsOf, isStoredType, readElements, type StoredTensor, sizeOf } from "../stored-tensor.js";
import { type ClassList, findClassLists } from "./class-lists.js";
import { findStateDict } from "./containers.js";
import { NO_MEANING, PickleList, type PickleMeaning, type PickleValue, readPickle } from "./pickle.js";
import { STATE_DICT_MEANING, spanOf, TorchStorage, type TorchTensor } from "./state-dict.js";
import { readStrided } from "./strided-tensor.js";

/** The most bytes of the description of the tensors; VGG19 needs 10 KB. */
const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
const PICKLE_ENTRY = "/data.pkl";

/** `torch.serialization.MAGIC_NUMBER`, which a file of before torch 1.6 begins with, pickled. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_START = Buffer.from("80028a0a6cfc9c46f9206aa85019", "hex");
const LEGACY_PROTOCOL = 1001;
const STORAGE_LENGTH_BYTES = 8;
/** The size of one element in bytes, for storages that are skipped. */
const OTHER_SIZES: Readonly<Record<string, number>> = {
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
  "torch.ComplexFloatStorage": 8,
  "torch.ComplexDoubleStorage": 16,
  "torch.QInt8Storage": 1,
  "torch.QUInt8Storage": 1,
  "torch.QInt32Storage": 4,
  // Several numbers in a byte.
  "torch.QUInt4x2Storage": 1,
  "torch.QUInt2x4Storage": 1,
};

/** A state dictionary, and where it was found. */
export interface TorchContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Whether they are in the order of the network's modules; some formats sort them by name. */
  readonly isOrdered: boolean;
  /** See `FoundStateDict`. */
  readonly container: string | null;
  /** What the script kept about the classes, the nearest to the weights first. */
  readonly classLists: readonly ClassList[];
}

/** Whether `torch.save` wrote a zip. */
export function isTorchZip(names: readonly string[]): boolean {
  return names.some(isPickleEntry);
}

export function looksLikeLegacyTorch(start: Buffer): boolean {
  return start.subarray(0, LEGACY_START.length).equals(LEGACY_START);
}

/**
 * Reads the tensors of a state dictionary that `torch.save` wrote: a zip with a pickle, and an entry for
 * every storage.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readTorchZip(entries: ReadonlyMap<string, ByteRange>): Promise<TorchContent> {
  const [name, pickle] = pickleEntryOf(entries) ?? [];
  if (name === undefined || pickle === undefined) throw invalidWeights(`an entry …${PICKLE_ENTRY}`, "none");
  const folder = name.slice(0, -PICKLE_ENTRY.length);
  const order = entries.get(`${folder}/byteorder`);
  if (order !== undefined) await requireLittleEndian(order);
  const { value } = readPickle(await head(pickle), 0, STATE_DICT_MEANING);
  return torchContent(value, (storage) => {
    const bytes = entries.get(`${folder}/data/${storage.key}`);
    if (bytes === undefined) throw invalidWeights(`the storage ${quoted(storage.key)} in the zip`, "none");
    return bytes;
  });
}

/**
 * Reads the same from a file of PyTorch before 1.6: five pickles (magic number, protocol, machine, state
 * dictionary, keys of the storages), then each storage with its number of elements.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readLegacyTorch(file: ByteRange): Promise<TorchContent> {
  const bytes = await head(file);
  let position = 0;
  const next = (meaning: PickleMeaning) => {
    const { value, end } = readPickle(bytes, position, meaning);
    position = end;
    return value;
  };
  if (next(NO_MEANING) !== LEGACY_MAGIC) throw invalidWeights("torch's magic number", "another");
  const protocol = next(NO_MEANING);
  if (protocol !== LEGACY_PROTOCOL) throw invalidWeights(`protocol ${LEGACY_PROTOCOL}`, String(protocol));
  next(NO_MEANING);
  const storages = new Map<string, TorchStorage>();
  const root = next({
    ...STATE_DICT_MEANING,
    persistent(id) {
      const storage = STATE_DICT_MEANING.persistent(id);
      if (storage instanceof TorchStorage) storages.set(storage.key, storage);
      return storage;
    },
  });
  const keys = next(NO_MEANING);
  if (!(keys instanceof PickleList)) throw invalidWeights("a list of storages", "another value");

  const places = new Map<string, ByteRange>();
  for (const key of keys.items) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined) throw invalidWeights("storages that tensors refer to", "another");
    const what = `storage ${quoted(storage.key)}`;
    const size = isStoredType(storage.dtype) ? sizeOf(storage.dtype) : OTHER_SIZES[storage.dtype];
    if (size === undefined) throw invalidWeights(`a known type for ${what}`, quoted(storage.dtype));
    const elements = Number((await file.read(position, STORAGE_LENGTH_BYTES, what)).readBigInt64LE());
    places.set(storage.key, file.slice(position + STORAGE_LENGTH_BYTES, elements * size, what));
    position += STORAGE_LENGTH_BYTES + elements * size;
  }
  return torchContent(root, (storage) => {
    const place = places.get(storage.key);
    if (place === undefined) throw invalidWeights(`the storage ${quoted(storage.key)} in the file`, "none");
    return place;
  });
}

function pickleEntryOf(entries: ReadonlyMap<string, ByteRange>): [string, ByteRange] | undefined {
  return [...entries].find(([name]) => isPickleEntry(name));
}

function isPickleEntry(name: string): boolean {
  return name.endsWith(PICKLE_ENTRY) && name.indexOf("/") === name.lastIndexOf("/");
}

async function requireLittleEndian(order: ByteRange): Promise<void> {
  const found = (await head(order)).toString("latin1");
  if (found !== "little") throw invalidWeights("little-endian numbers", quoted(found));
}

function head(range: ByteRange): Promise<Buffer> {
  return range.read(0, Math.min(range.length, MAX_PICKLE_BYTES), "the pickle");
}

function torchContent(root: PickleValue, bytesOf: (storage: TorchStorage) => ByteRange): TorchContent {
  const { container, path, tensors } = findStateDict(root);
  const stored = [...tensors].map(
    ([name, tensor]) => [name, storedTensor(name, tensor, bytesOf(tensor.storage))] as const,
  );
  return { container, tensors: new Map(stored), isOrdered: true, classLists: findClassLists(path) };
}

function storedTensor(name: string, tensor: TorchTensor, storage: ByteRange): StoredTensor {
  const { shape, strides } = tensor;
  const { dtype } = tensor.storage;
  const what = `tensor ${quoted(name)}`;
  const { first, count } = spanOf(tensor, what);
  if (!isStoredType(dtype))
    return { name, shape, dtype, read: () => readElements(storage, { name, dtype }, 0, 0) };
  const size = sizeOf(dtype);
  const bytes = storage.slice(first * size, count * size, what);
  const read = (start: number, length: number) => readElements(bytes, { name: what, dtype }, start, length);
  if (isRowMajor(shape, strides)) return { name, shape, dtype, read };
  // For example a kernel in the order "channels last". It is kept while its slices are read one after the other.
  const total = elementsOf(shape, what);
  let whole: Promise<Float32Array<ArrayBuffer>> | null = null;
  return {
    name,
    shape,
    dtype,
    async read(start, length) {
      whole ??= readStrided(shape, strides, read);
      const elements = await whole;
      if (start + length >= total) whole = null;
      return elements.slice(start, start + length);
    },
  };
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

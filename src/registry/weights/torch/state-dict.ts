import { invalidWeights, quoted } from "../invalid-weights.js";
import { elementsOf } from "../stored-tensor.js";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  type PickleMeaning,
  PickleObject,
  PicklePlaceholder,
  PickleTuple,
  type PickleValue,
  setCharged,
} from "./pickle.js";

/** The memory that tensors are views of. */
export class TorchStorage extends PickleObject {
  constructor(
    /** A `StoredType`, or PyTorch's name of another type. */
    readonly dtype: string,
    readonly key: string,
    readonly elements: number,
  ) {
    super();
  }
}

export class TorchTensor extends PickleObject {
  constructor(
    readonly storage: TorchStorage,
    /** In elements, as are the strides. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

/** PyTorch's own limit. */
const MAX_AXES = 64;

/** PyTorch writes numbers. */
const MAX_KEY_CHARACTERS = 1000;

const STORAGE_TYPES: Readonly<Record<string, string>> = {
  "torch.HalfStorage": "float16",
  "torch.BFloat16Storage": "bfloat16",
  "torch.FloatStorage": "float32",
  "torch.DoubleStorage": "float64",
  "torch.LongStorage": "int64",
  "torch.IntStorage": "int32",
  "torch.ShortStorage": "int16",
  "torch.CharStorage": "int8",
  "torch.ByteStorage": "uint8",
  "torch.BoolStorage": "bool",
};

type PickledCall = (args: readonly PickleValue[], charge: (values: number) => void) => PickleValue;

const SUBCLASS = "torch._tensor._rebuild_from_type_v2";

/** The calls that build the values of a state dictionary. The functions themselves are never called. */
const CALLS: Readonly<Record<string, PickledCall>> = {
  "collections.OrderedDict": ([pairs], charge) => dictionaryOf(pairs, charge),
  "torch.Size": ([sizes]) => sizes ?? null,
  "torch._utils._rebuild_parameter": ([data]) => data ?? null,
  "torch._utils._rebuild_parameter_with_state": ([data]) => data ?? null,
  "torch._utils._rebuild_tensor": tensorOf,
  "torch._utils._rebuild_tensor_v2": tensorOf,
  // A tensor of a newer type: ..., requires_grad, hooks, dtype. Its storage counts bytes.
  "torch._utils._rebuild_tensor_v3": ([storage, offset, shape, strides, , , dtype]) => {
    if (!(storage instanceof TorchStorage) || !(dtype instanceof PickleGlobal)) return tensorOf([]);
    const typed = new TorchStorage(dtype.name, storage.key, storage.elements);
    return tensorOf([typed, offset ?? null, shape ?? null, strides ?? null]);
  },
  // A tensor of a subclass: the function that rebuilds it, the class, the function's arguments.
  [SUBCLASS]: ([rebuild, , args], charge) =>
    rebuild instanceof PickleGlobal && rebuild.name !== SUBCLASS && args instanceof PickleTuple
      ? STATE_DICT_MEANING.call(rebuild.name, args.items, charge)
      : new PicklePlaceholder(SUBCLASS),
};

/** Gives tensors and dictionaries of them; everything else becomes a placeholder. */
export const STATE_DICT_MEANING: PickleMeaning = {
  call(global, args, charge) {
    const meaning = Object.hasOwn(CALLS, global) ? CALLS[global] : undefined;
    return meaning === undefined ? new PicklePlaceholder(global) : meaning(args, charge);
  },
  /** ("storage", type, key, device, elements), as torch.serialization writes it. */
  persistent(id) {
    const [tag, type, key, , elements, view] = id instanceof PickleTuple ? id.items : [];
    // A class of a whole model, with its source code.
    if (tag === "module" && type instanceof PickleGlobal) return new PicklePlaceholder(type.name);
    const isKey = typeof key === "string" && key.length <= MAX_KEY_CHARACTERS;
    if (tag !== "storage" || !(type instanceof PickleGlobal) || !isKey) {
      throw invalidWeights("storages that tensors refer to", "another persistent id");
    }
    // Only PyTorch before 0.4 wrote parts of storages.
    if ((view ?? null) !== null) throw invalidWeights("whole storages", `a view of ${quoted(key)}`);
    const dtype = Object.hasOwn(STORAGE_TYPES, type.name) ? STORAGE_TYPES[type.name] : undefined;
    return new TorchStorage(dtype ?? type.name, key, wholeNumber(elements));
  },
};

function tensorOf([storage, offset, shape, strides]: readonly PickleValue[]): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw invalidWeights("a storage for every tensor", "another value");
  return new TorchTensor(storage, wholeNumber(offset), wholeNumbers(shape), wholeNumbers(strides));
}

/** Python 2 wrote the items as a list of pairs. */
function dictionaryOf(pairs: PickleValue | undefined, charge: (values: number) => void): PickleDict {
  const dictionary = new PickleDict();
  const items = pairs instanceof PickleList ? pairs.items : [];
  charge(items.length);
  for (const pair of items) {
    if (!(pair instanceof PickleList || pair instanceof PickleTuple)) continue;
    const [key = null, value = null] = pair.items;
    setCharged(dictionary, key, value, charge);
  }
  return dictionary;
}

/**
 * The number of elements of the storage from the first to the last one that a tensor views.
 *
 * @throws AppError `WEIGHTS_INVALID` when that is more than the storage has
 */
export function spanOf(tensor: TorchTensor, name: string): { first: number; count: number } {
  const { storage, offset, shape, strides } = tensor;
  if (strides.length !== shape.length) throw invalidWeights(`a stride for every axis of ${name}`, "others");
  const elements = elementsOf(shape, name);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 0);
  const count = elements === 0 ? 0 : last + 1;
  if (offset + count <= storage.elements) return { first: offset, count };
  throw invalidWeights(`${name} within the ${storage.elements} elements of its storage`, `${offset + count}`);
}

function wholeNumbers(value: PickleValue | undefined): number[] {
  if (value instanceof PickleTuple && value.items.length > MAX_AXES) {
    throw invalidWeights(`tensors of at most ${MAX_AXES} axes`, `one of ${value.items.length}`);
  }
  if (value instanceof PickleTuple) return value.items.map(wholeNumber);
  throw invalidWeights("tuples of whole numbers as shapes and strides", "another value");
}

function wholeNumber(value: PickleValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidWeights("whole numbers as sizes", typeof value === "number" ? String(value) : typeof value);
}

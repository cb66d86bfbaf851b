import { invalidWeights, quoted } from "../invalid-weights.js";
import { elementsOf } from "../stored-tensor.js";
import {
  PickleDict,
  PickleGlobal,
  type PickleMeaning,
  PickleObject,
  PickleTuple,
  type PickleValue,
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

/** The calls that a pickled state dictionary may make. The functions themselves are never called. */
const CALLS: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
  "collections.OrderedDict": () => new PickleDict(),
  "torch.Size": ([sizes]) => sizes ?? null,
  "torch._utils._rebuild_parameter": ([data]) => data ?? null,
  "torch._utils._rebuild_tensor_v2": ([storage, offset, shape, strides]) => {
    if (!(storage instanceof TorchStorage))
      throw invalidWeights("a storage for every tensor", "another value");
    return new TorchTensor(storage, wholeNumber(offset), wholeNumbers(shape), wholeNumbers(strides));
  },
};

export const STATE_DICT_MEANING: PickleMeaning = {
  call(global, args) {
    const meaning = Object.hasOwn(CALLS, global) ? CALLS[global] : undefined;
    if (meaning === undefined) {
      throw invalidWeights(
        "a state_dict and nothing else, as torch.save(model.state_dict(), …) writes it",
        `an object of ${quoted(global)}`,
      );
    }
    return meaning(args);
  },
  /** ("storage", type, key, device, elements), as torch.serialization writes it. */
  persistent(id) {
    const [tag, type, key, , elements, view] = id instanceof PickleTuple ? id.items : [];
    if (tag !== "storage" || !(type instanceof PickleGlobal) || typeof key !== "string") {
      throw invalidWeights("storages that tensors refer to", "another persistent id");
    }
    // Only PyTorch before 0.4 wrote parts of storages.
    if ((view ?? null) !== null) throw invalidWeights("whole storages", `a view of ${quoted(key)}`);
    const dtype = Object.hasOwn(STORAGE_TYPES, type.name) ? STORAGE_TYPES[type.name] : undefined;
    return new TorchStorage(dtype ?? type.name, key, wholeNumber(elements));
  },
};

/** The keys of the state dictionary in the larger dictionaries of training scripts. */
const NESTED_UNDER = ["state_dict", "model", "model_state_dict"];
/** The prefix of names in a model that was trained on several GPUs. */
const PARALLEL_PREFIX = "module.";

/**
 * Collects the tensors of a state dictionary by name.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export function tensorsOf(value: PickleValue): ReadonlyMap<string, TorchTensor> {
  if (value instanceof PickleDict) {
    const dictionaries = [value, ...NESTED_UNDER.map((key) => value.entries.get(key) ?? null)];
    for (const dictionary of dictionaries) {
      const tensors = dictionary instanceof PickleDict ? tensorsIn(dictionary) : [];
      if (tensors.length > 0) return new Map(tensors);
    }
  }
  throw invalidWeights(
    `a state_dict of tensors, by itself or as one of ${NESTED_UNDER.join(", ")}`,
    "no tensors there",
  );
}

function tensorsIn({ entries }: PickleDict): (readonly [string, TorchTensor])[] {
  return [...entries].flatMap(([key, value]) => {
    if (typeof key !== "string" || !(value instanceof TorchTensor)) return [];
    return [[key.startsWith(PARALLEL_PREFIX) ? key.slice(PARALLEL_PREFIX.length) : key, value] as const];
  });
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
  if (value instanceof PickleTuple) return value.items.map(wholeNumber);
  throw invalidWeights("tuples of whole numbers as shapes and strides", "another value");
}

function wholeNumber(value: PickleValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidWeights("whole numbers as sizes", typeof value === "number" ? String(value) : typeof value);
}

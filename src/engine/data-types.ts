import type { DType } from "../graph/tensor-spec.js";
import type { TensorData } from "./engine-protocol.js";

/** How one TensorFlow type looks in JavaScript; `TF_DataType` numbers are of tensorflow/c/tf_datatype.h. */
interface DataType {
  readonly number: number;
  /** Null: a list of strings. */
  readonly array: TypedArrayConstructor | null;
}

type TypedArrayConstructor =
  | typeof Uint8Array
  | typeof Int32Array
  | typeof Float32Array
  | typeof BigInt64Array;

/** The types that can be fed to the engine and fetched from it; `uint8` only fed. */
const DATA_TYPES: Readonly<Partial<Record<DType, DataType>>> = {
  float32: { number: 1, array: Float32Array },
  int32: { number: 3, array: Int32Array },
  uint8: { number: 4, array: Uint8Array },
  string: { number: 7, array: null },
  int64: { number: 9, array: BigInt64Array },
  bool: { number: 10, array: Uint8Array },
};

/** Null: the engine cannot exchange tensors of this type. */
export function dataTypeNumber(dtype: DType): number | null {
  return DATA_TYPES[dtype]?.number ?? null;
}

/** Whether `data` is the JavaScript array that `dtype` is kept in. */
export function holdsDataType(data: TensorData, dtype: DType): boolean {
  const type = DATA_TYPES[dtype];
  if (type === undefined) return false;
  return type.array === null ? Array.isArray(data) : data instanceof type.array;
}

/** For messages: `Uint8Array`, or `list of strings`. */
export function arrayName(dtype: DType): string {
  const type = DATA_TYPES[dtype];
  return type === undefined ? "nothing" : (type.array?.name ?? "list of strings");
}

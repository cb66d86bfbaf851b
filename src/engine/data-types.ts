import type { DType } from "../graph/tensor-spec.js";
import type { TensorData } from "./engine-protocol.js";

/** A TensorFlow type in JavaScript. The numbers are those of `TF_DataType` in tensorflow/c/tf_datatype.h. */
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

/** The types that can be fed to the engine and fetched from it; `uint8` can only be fed. */
const DATA_TYPES: Readonly<Partial<Record<DType, DataType>>> = {
  float32: { number: 1, array: Float32Array },
  int32: { number: 3, array: Int32Array },
  uint8: { number: 4, array: Uint8Array },
  string: { number: 7, array: null },
  int64: { number: 9, array: BigInt64Array },
  bool: { number: 10, array: Uint8Array },
};

/** The number of a type; null when the engine cannot exchange tensors of it. */
export function dataTypeNumber(dtype: DType): number | null {
  return DATA_TYPES[dtype]?.number ?? null;
}

/** Whether `data` is the JavaScript array that holds values of `dtype`. */
export function holdsDataType(data: TensorData, dtype: DType): boolean {
  const type = DATA_TYPES[dtype];
  if (type === undefined) return false;
  return type.array === null ? Array.isArray(data) : data instanceof type.array;
}

/** The name of the array for messages: `Uint8Array`, or `list of strings`. */
export function arrayName(dtype: DType): string {
  const type = DATA_TYPES[dtype];
  return type === undefined ? "nothing" : (type.array?.name ?? "list of strings");
}

import { elementCount } from "../../../graph/tensor-spec.js";

/** Element types of tensors, with their numbers in ONNX's `TensorProto.DataType` and their sizes. */
export const TENSOR_TYPES = {
  float32: { number: 1, bytes: 4 },
  uint8: { number: 2, bytes: 1 },
  int8: { number: 3, bytes: 1 },
  int32: { number: 6, bytes: 4 },
  float16: { number: 10, bytes: 2 },
} as const;
export type TensorType = keyof typeof TENSOR_TYPES;

/** A tensor that is a part of the file, without its values. */
export interface StoredTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
}

export function sizeBytesOf({ type, shape }: StoredTensor): number {
  return elementCount(shape) * TENSOR_TYPES[type].bytes;
}

/** The elements of a tensor in pieces, row by row. */
export type TensorContent = Iterable<ArrayBufferView<ArrayBuffer>>;

/** Tensors whose values are computed together, when they are written. */
export interface TensorGroup {
  readonly tensors: readonly StoredTensor[];
  /** The content of each tensor, in their order. */
  load(): Promise<readonly TensorContent[]>;
}

/** The element types that graphs use, in TensorFlow's words; "resource" is a variable's handle. */
export const DTYPES = [
  "float32",
  "bfloat16",
  "float16",
  "int32",
  "int64",
  "uint8",
  "uint32",
  "uint64",
  "bool",
  "string",
  "resource",
] as const;
export type DType = (typeof DTYPES)[number];

/** The types that a network may compute in. */
export type FloatType = "float32" | "bfloat16" | "float16";
export const FLOAT_TYPES: readonly DType[] = ["float32", "bfloat16", "float16"] satisfies FloatType[];

/** Sizes by axis; null where any size is accepted, which is the batch axis alone. */
export type Shape = readonly (number | null)[];

/** The facts about a tensor that are known before a graph runs. */
export interface TensorSpec {
  /** TensorFlow's name of the tensor: its node and the index of that node's output, as in "node:0". */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Elements of a fully known shape; a scalar has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** "float32 [?, 224, 224, 3]", as error messages show a tensor. */
export function formatSpec(spec: { readonly dtype: DType; readonly shape: Shape }): string {
  return `${spec.dtype} ${formatShape(spec.shape)}`;
}

/** "[?, 224, 224, 3]". */
export function formatShape(shape: Shape): string {
  return `[${shape.map((size) => size ?? "?").join(", ")}]`;
}

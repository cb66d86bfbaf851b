import type { DType, Shape } from "./tensor-spec.js";

/** A node's attribute: one of the cases of TensorFlow's `AttrValue`. */
export type AttributeValue =
  | { readonly type: DType }
  | { readonly types: readonly DType[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly shape: Shape }
  | { readonly tensor: ConstantValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The value of a `Const` node. */
export interface ConstantValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Little-endian elements in row-major order, or one string per element. */
  readonly content: Uint8Array | readonly string[];
}

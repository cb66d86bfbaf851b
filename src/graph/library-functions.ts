import type { DType } from "./tensor-spec.js";

/** A function of a graph's library, which runs one of TensorFlow's operations. Nodes use its name as their operation. */
export interface LibraryFunction {
  /** TensorFlow's operation. */
  readonly op: string;
  /** By the names that the operation gives to its inputs. */
  readonly inputs: Readonly<Record<string, DType>>;
  /** The only output of the operation, by its name. */
  readonly output: { readonly name: string; readonly dtype: DType };
  /** Types of the attributes that nodes give to the function, which it gives to the operation. */
  readonly attributes: Readonly<Record<string, "string" | "list(int)">>;
}

/** The operation that computes the gradient with respect to a convolution's kernel by Eigen. */
export const EIGEN_KERNEL_GRADIENT = "EigenConv2DBackpropFilter";

/**
 * The functions that graphs may use, by name. TensorFlow replaces its operations by those of oneDNN where a graph holds
 * them itself. It does not look into a function that a node calls by its name, so the operation there keeps TensorFlow's
 * own implementation, which uses Eigen.
 */
export const LIBRARY_FUNCTIONS: ReadonlyMap<string, LibraryFunction> = new Map([
  [
    EIGEN_KERNEL_GRADIENT,
    {
      op: "Conv2DBackpropFilter",
      inputs: { input: "float32", filter_sizes: "int32", out_backprop: "float32" },
      output: { name: "output", dtype: "float32" },
      attributes: {
        strides: "list(int)",
        padding: "string",
        explicit_paddings: "list(int)",
        data_format: "string",
      },
    },
  ],
]);

import { AppError } from "../../core/app-error.js";
import type { ConstantValue } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { DType, Shape } from "../tensor-spec.js";

/** `Placeholder`: a value that is fed with every run. */
export function placeholder(graph: GraphBuilder, name: string, dtype: DType, shape: Shape): Tensor {
  return graph.add("Placeholder", {
    name,
    attributes: { dtype: { type: dtype }, shape: { shape } },
    outputs: () => [{ dtype, shape }],
  });
}

/** `Const`, float32 scalar. */
export function float32(graph: GraphBuilder, value: number, name = "Const"): Tensor {
  return constant(graph, name, { dtype: "float32", shape: [], content: bytesOf(Float32Array.of(value)) });
}

/** `Const`, float32 vector. */
export function float32Vector(graph: GraphBuilder, values: readonly number[], name = "Const"): Tensor {
  const content = bytesOf(Float32Array.from(values));
  return constant(graph, name, { dtype: "float32", shape: [values.length], content });
}

/** `Const`, int32 scalar. */
export function int32(graph: GraphBuilder, value: number, name = "Const"): Tensor {
  return constant(graph, name, { dtype: "int32", shape: [], content: bytesOf(Int32Array.of(value)) });
}

/** `Const`, int32 vector: shapes, axes and permutations. */
export function int32Vector(graph: GraphBuilder, values: readonly number[], name = "Const"): Tensor {
  const content = bytesOf(Int32Array.from(values));
  return constant(graph, name, { dtype: "int32", shape: [values.length], content });
}

/** `Const`, int64 scalar. */
export function int64(graph: GraphBuilder, value: number, name = "Const"): Tensor {
  const content = bytesOf(BigInt64Array.of(BigInt(value)));
  return constant(graph, name, { dtype: "int64", shape: [], content });
}

/** `Const`, int64 vector. */
export function int64Vector(graph: GraphBuilder, values: readonly number[], name = "Const"): Tensor {
  const content = bytesOf(BigInt64Array.from(values, BigInt));
  return constant(graph, name, { dtype: "int64", shape: [values.length], content });
}

/** `Const`, string vector: names of checkpoint entries. */
export function stringVector(graph: GraphBuilder, values: readonly string[], name = "Const"): Tensor {
  return constant(graph, name, { dtype: "string", shape: [values.length], content: values });
}

/** `Const` of any type whose elements are already laid out. */
export function constant(graph: GraphBuilder, name: string, value: ConstantValue): Tensor {
  const { dtype, shape } = value;
  return graph.add("Const", {
    name,
    attributes: { dtype: { type: dtype }, value: { tensor: value } },
    outputs: () => [{ dtype, shape }],
  });
}

/**
 * The elements of an int32 constant, such as the axes that gradient rules need.
 *
 * @throws AppError `GRAPH_INVALID` when the tensor is computed instead of constant
 */
export function int32Values(tensor: Tensor): number[] {
  const value = tensor.node.attributes.value;
  if (tensor.node.op !== "Const" || value === undefined || !("tensor" in value)) {
    throw new AppError("GRAPH_INVALID", `"${tensor.name}" must be a constant. Received ${tensor.node.op}.`);
  }
  const { dtype, content } = value.tensor;
  if (dtype !== "int32" || !(content instanceof Uint8Array)) {
    throw new AppError("GRAPH_INVALID", `"${tensor.name}" must be an int32 constant. Received ${dtype}.`);
  }
  return [...new Int32Array(content.slice().buffer)];
}

/** The machines that TensorFlow runs on are little-endian, as its tensor contents are. */
function bytesOf(values: Float32Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

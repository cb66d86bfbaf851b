import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { Size } from "../shape-check.js";
import { formatShape } from "../tensor-spec.js";
import { int32Vector } from "./constants.js";

export interface ReductionOptions {
  /** Leaves the reduced axes in place with size 1. */
  readonly keepDims?: boolean;
}

/** `Sum` over axes counted from 0. */
export function sum(
  graph: GraphBuilder,
  x: Tensor,
  axes: readonly number[],
  options?: ReductionOptions,
): Tensor {
  return reduction(graph, "Sum", x, axes, options);
}

/** `Mean` over axes counted from 0. */
export function mean(
  graph: GraphBuilder,
  x: Tensor,
  axes: readonly number[],
  options?: ReductionOptions,
): Tensor {
  return reduction(graph, "Mean", x, axes, options);
}

/** `Min` over axes counted from 0. */
export function minimumOf(graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor {
  return reduction(graph, "Min", x, axes);
}

/** `Max` over axes counted from 0. */
export function maximumOf(graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor {
  return reduction(graph, "Max", x, axes);
}

/** `All` of bool x over axes counted from 0. */
export function all(graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor {
  return reduction(graph, "All", x, axes);
}

/** `Any` of bool x over axes counted from 0. */
export function any(graph: GraphBuilder, x: Tensor, axes: readonly number[]): Tensor {
  return reduction(graph, "Any", x, axes);
}

function reduction(
  graph: GraphBuilder,
  op: "Sum" | "Mean" | "Min" | "Max" | "All" | "Any",
  x: Tensor,
  axes: readonly number[],
  { keepDims = false }: ReductionOptions = {},
): Tensor {
  const logical = op === "All" || op === "Any";
  const typeAttribute = logical ? {} : { T: { type: x.dtype } };
  return graph.add(op, {
    inputs: [x, int32Vector(graph, axes, `${op}/axes`)],
    attributes: { ...typeAttribute, Tidx: { type: "int32" }, keep_dims: { bool: keepDims } },
    outputs: (check) => {
      if (logical) check.dtype("input", x, "bool");
      const valid = axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < x.shape.length);
      check.require(valid, `axes of ${formatShape(x.shape)}`, formatShape(axes));
      const shape: Size[] = keepDims
        ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
        : x.shape.filter((_, axis) => !axes.includes(axis));
      return [{ dtype: x.dtype, shape }];
    },
  });
}

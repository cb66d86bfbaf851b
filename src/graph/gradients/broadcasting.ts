import { AppError } from "../../core/app-error.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { broadcastTo, reshape, sizesOf } from "../ops/array.js";
import { int32Vector } from "../ops/constants.js";
import { sum } from "../ops/reduction.js";
import { formatShape, type Shape } from "../tensor-spec.js";

/**
 * The gradient of an operand that was broadcast: the sum of the gradients of its copies.
 *
 * @param gradient of the result, at least as large as the operand
 */
export function sumToShape(graph: GraphBuilder, gradient: Tensor, operand: Tensor): Tensor {
  const missing = gradient.shape.length - operand.shape.length;
  const axes = [...gradient.shape.keys()].filter((axis) => {
    const own = axis < missing ? 1 : operand.shape[axis - missing];
    return own === 1 && (axis < missing || gradient.shape[axis] !== 1);
  });
  if (axes.length === 0) return gradient;
  const summed = sum(graph, gradient, axes);
  return summed.shape.length === operand.shape.length
    ? summed
    : reshape(graph, summed, sizesOf(graph, operand), operand.shape);
}

/** The gradient of a sum's input: every element that went into a sum receives the sum's gradient. */
export function spreadOverAxes(
  graph: GraphBuilder,
  gradient: Tensor,
  input: Tensor,
  axes: readonly number[],
): Tensor {
  const kept = input.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const column = reshape(graph, gradient, sizesWithOneOpen(graph, kept), kept);
  return broadcastTo(graph, column, sizesOf(graph, input), input.shape);
}

function sizesWithOneOpen(graph: GraphBuilder, shape: Shape): Tensor {
  if (shape.filter((size) => size === null).length > 1) {
    throw new AppError(
      "GRAPH_INVALID",
      `Expected a shape with one open axis. Received ${formatShape(shape)}.`,
    );
  }
  return int32Vector(
    graph,
    shape.map((size) => size ?? -1),
  );
}

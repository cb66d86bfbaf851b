import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { shapeOf } from "./array.js";
import { constant, int32Vector } from "./constants.js";
import { multiply, subtract } from "./math.js";

/** The number of rows of x [n, ...] at run time: int32 [1]. */
export function rowCount(graph: GraphBuilder, x: Tensor): Tensor {
  return firstRows(graph, shapeOf(graph, x), int32Vector(graph, [1], "StridedSlice/end"), 1);
}

/**
 * `StridedSlice`: the first rows of x [n, ...].
 *
 * @param count int32 [1]
 * @param rows the same, as far as it is known while building
 */
export function firstRows(graph: GraphBuilder, x: Tensor, count: Tensor, rows: number | null): Tensor {
  return graph.add("StridedSlice", {
    inputs: [
      x,
      int32Vector(graph, [0], "StridedSlice/begin"),
      count,
      int32Vector(graph, [1], "StridedSlice/strides"),
    ],
    attributes: { T: { type: x.dtype }, Index: { type: "int32" } },
    outputs: (check) => {
      check.dtype("number of rows", count, "int32");
      check.require(x.shape.length >= 1, "an input with rows", "a scalar");
      return [{ dtype: x.dtype, shape: [rows, ...x.shape.slice(1)] }];
    },
  });
}

/**
 * `Pad`: x [n, ...] with rows of zeros at its end, `rows` in all. Fails at run time when x has more.
 *
 * @param count the number of rows of x, int32 [1]
 */
export function padRows(graph: GraphBuilder, x: Tensor, count: Tensor, rows: number): Tensor {
  const rank = x.shape.length;
  // [[0, missing], [0, 0], ...]: nothing before any axis, and behind the first one what is missing.
  const behindRows = Int32Array.from({ length: 2 * rank }, (_, position) => (position === 1 ? 1 : 0));
  const mask = constant(graph, "Pad/mask", {
    dtype: "int32",
    shape: [rank, 2],
    content: new Uint8Array(behindRows.buffer),
  });
  const missing = subtract(graph, int32Vector(graph, [rows], "Pad/rows"), count);
  return graph.add("Pad", {
    inputs: [x, multiply(graph, mask, missing)],
    attributes: { T: { type: x.dtype }, Tpaddings: { type: "int32" } },
    outputs: () => [{ dtype: x.dtype, shape: [rows, ...x.shape.slice(1)] }],
  });
}

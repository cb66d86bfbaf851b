import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { type DType, elementCount, formatShape, type Shape } from "../tensor-spec.js";
import { float32, int32, int32Vector } from "./constants.js";

/** `Cast`; returns x itself when it already has the type. */
export function cast(graph: GraphBuilder, x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return graph.add("Cast", {
    inputs: [x],
    attributes: { SrcT: { type: x.dtype }, DstT: { type: dtype } },
    outputs: (check) => {
      check.require(x.dtype !== "string" && x.dtype !== "resource", "numbers", x.dtype);
      return [{ dtype, shape: x.shape }];
    },
  });
}

/** `Identity`: x, once the nodes of `after` have run. */
export function identity(
  graph: GraphBuilder,
  x: Tensor,
  options: { readonly name?: string; readonly after?: readonly GraphNode[] } = {},
): Tensor {
  return graph.add("Identity", {
    inputs: [x],
    attributes: { T: { type: x.dtype } },
    name: options.name,
    after: options.after,
    outputs: () => [{ dtype: x.dtype, shape: x.shape }],
  });
}

/** `Shape` -> int32 [rank], at run time. */
export function shapeOf(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("Shape", {
    inputs: [x],
    attributes: { T: { type: x.dtype }, out_type: { type: "int32" } },
    outputs: () => [{ dtype: "int32", shape: [x.shape.length] }],
  });
}

/** The shape of x as int32 [rank]: a constant where it is known while building, else `Shape`. */
export function sizesOf(graph: GraphBuilder, x: Tensor): Tensor {
  const known = knownShape(x.shape);
  return known === null ? shapeOf(graph, x) : int32Vector(graph, known);
}

/** The shape when no axis is open, else null. */
export function knownShape(shape: Shape): number[] | null {
  return shape.every((size) => size !== null) ? [...shape] : null;
}

/**
 * `Reshape`.
 *
 * @param sizes int32 [rank]: the shape wanted; one of its elements may be -1
 * @param shape the same, as far as it is known while building
 */
export function reshape(graph: GraphBuilder, x: Tensor, sizes: Tensor, shape: Shape): Tensor {
  return graph.add("Reshape", {
    inputs: [x, sizes],
    attributes: { T: { type: x.dtype }, Tshape: { type: "int32" } },
    outputs: (check) => {
      check.dtype("shape", sizes, "int32");
      const [from, to] = [knownShape(x.shape), knownShape(shape)];
      const fits = from === null || to === null || elementCount(from) === elementCount(to);
      check.require(
        fits,
        "as many elements as it received",
        `${formatShape(x.shape)} for ${formatShape(shape)}`,
      );
      return [{ dtype: x.dtype, shape }];
    },
  });
}

/** `BroadcastTo`: repeats x along the axes where it has size 1. */
export function broadcastTo(graph: GraphBuilder, x: Tensor, sizes: Tensor, shape: Shape): Tensor {
  return graph.add("BroadcastTo", {
    inputs: [x, sizes],
    attributes: { T: { type: x.dtype }, Tidx: { type: "int32" } },
    outputs: (check) => {
      check.dtype("shape", sizes, "int32");
      const missing = shape.length - x.shape.length;
      const fits = x.shape.every((size, axis) => {
        const target = shape[axis + missing] ?? null;
        return size === 1 || size === null || target === null || size === target;
      });
      check.require(
        missing >= 0 && fits,
        `a shape that stretches to ${formatShape(shape)}`,
        formatShape(x.shape),
      );
      return [{ dtype: x.dtype, shape }];
    },
  });
}

/** `ExpandDims`: inserts an axis of size 1. */
export function expandDims(graph: GraphBuilder, x: Tensor, axis: number): Tensor {
  return graph.add("ExpandDims", {
    inputs: [x, int32(graph, axis, "ExpandDims/axis")],
    attributes: { T: { type: x.dtype }, Tdim: { type: "int32" } },
    outputs: (check) => {
      check.require(axis >= 0 && axis <= x.shape.length, `an axis from 0 to ${x.shape.length}`, `${axis}`);
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)] }];
    },
  });
}

/** `Fill`: a float32 of the given shape, the value [] everywhere. */
export function fill(graph: GraphBuilder, shape: readonly number[], value: Tensor): Tensor {
  return graph.add("Fill", {
    inputs: [int32Vector(graph, shape, "Fill/dims"), value],
    attributes: { T: { type: "float32" }, index_type: { type: "int32" } },
    outputs: (check) => {
      check.dtype("value", value, "float32");
      check.rank("value", value, 0);
      return [{ dtype: "float32", shape }];
    },
  });
}

/** `Pack`: scalars of one type -> vector. */
export function packScalars(graph: GraphBuilder, scalars: readonly [Tensor, ...Tensor[]]): Tensor {
  const { dtype } = scalars[0];
  return graph.add("Pack", {
    inputs: scalars,
    attributes: { N: { int: scalars.length }, T: { type: dtype }, axis: { int: 0 } },
    outputs: (check) => {
      for (const scalar of scalars) {
        check.sameDType("elements", scalars[0], scalar);
        check.rank("elements", scalar, 0);
      }
      return [{ dtype, shape: [scalars.length] }];
    },
  });
}

/** `OneHot`: int32 indices [n] -> float32 [n, depth]; an index out of range gives a row of zeros. */
export function oneHot(graph: GraphBuilder, indices: Tensor, depth: number): Tensor {
  return graph.add("OneHot", {
    inputs: [
      indices,
      int32(graph, depth, "OneHot/depth"),
      float32(graph, 1, "OneHot/on_value"),
      float32(graph, 0, "OneHot/off_value"),
    ],
    attributes: { T: { type: "float32" }, TI: { type: "int32" }, axis: { int: -1 } },
    outputs: (check) => {
      check.dtype("indices", indices, "int32");
      const [count] = check.rank("indices", indices, 1);
      return [{ dtype: "float32", shape: [count, depth] }];
    },
  });
}

/**
 * `TopKV2`: the indices int32 [n, k] of the k greatest of each row, greatest first; of equal values
 * the lower index comes first.
 */
export function topKIndices(graph: GraphBuilder, x: Tensor, k: number): Tensor {
  return topK(graph, x, k).indices;
}

/** `TopKV2`: the k greatest of each row, [n, k], and their indices; see {@link topKIndices}. */
export function topK(
  graph: GraphBuilder,
  x: Tensor,
  k: number,
): { readonly values: Tensor; readonly indices: Tensor } {
  const node = graph.addNode("TopKV2", {
    inputs: [x, int32(graph, k, "TopKV2/k")],
    attributes: { T: { type: x.dtype }, sorted: { bool: true } },
    outputs: (check) => {
      const [rows, columns] = check.rank("input", x, 2);
      check.require(columns === null || k <= columns, `k of at most ${columns}`, `${k}`);
      return [
        { dtype: x.dtype, shape: [rows, k] },
        { dtype: "int32", shape: [rows, k] },
      ];
    },
  });
  return { values: node.output(0), indices: node.output(1) };
}

/** `Bitcast`: the same bits as another type; a last axis disappears or appears where their sizes differ. */
export function bitcast(graph: GraphBuilder, x: Tensor, dtype: DType, shape: Shape): Tensor {
  return graph.add("Bitcast", {
    inputs: [x],
    attributes: { T: { type: x.dtype }, type: { type: dtype } },
    outputs: () => [{ dtype, shape }],
  });
}

/** `Slice`: the first `columns` of every row of x [n, m]. */
export function firstColumns(graph: GraphBuilder, x: Tensor, columns: number): Tensor {
  return graph.add("Slice", {
    inputs: [x, int32Vector(graph, [0, 0], "Slice/begin"), int32Vector(graph, [-1, columns], "Slice/size")],
    attributes: { T: { type: x.dtype }, Index: { type: "int32" } },
    outputs: (check) => {
      const [rows, width] = check.rank("input", x, 2);
      check.require(width === null || columns <= width, `at most ${width} columns`, `${columns}`);
      return [{ dtype: x.dtype, shape: [rows, columns] }];
    },
  });
}

/** `Pack`: tensors of one shape -> a new first axis. */
export function stack(graph: GraphBuilder, tensors: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first] = tensors;
  return graph.add("Pack", {
    inputs: tensors,
    attributes: { N: { int: tensors.length }, T: { type: first.dtype }, axis: { int: 0 } },
    outputs: (check) => {
      for (const tensor of tensors) check.sameDType("elements", first, tensor);
      return [{ dtype: first.dtype, shape: [tensors.length, ...first.shape] }];
    },
  });
}

/** `DeepCopy`: the same values in separate memory. */
export function deepCopy(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("DeepCopy", {
    inputs: [x],
    attributes: { T: { type: x.dtype } },
    outputs: () => [{ dtype: x.dtype, shape: x.shape }],
  });
}

/** `Size` -> int32 []: the number of elements, at run time. */
export function elementCountOf(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("Size", {
    inputs: [x],
    attributes: { T: { type: x.dtype }, out_type: { type: "int32" } },
    outputs: () => [{ dtype: "int32", shape: [] }],
  });
}

import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { ShapeCheck } from "../shape-check.js";
import { int32 } from "./constants.js";

/** `Pack`: k vectors [n] of one type -> [n, k]. */
export function packColumns(graph: GraphBuilder, columns: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first] = columns;
  return graph.add("Pack", {
    inputs: columns,
    attributes: { N: { int: columns.length }, T: { type: first.dtype }, axis: { int: 1 } },
    outputs: (check) => {
      let [rows] = check.rank("columns", first, 1);
      for (const column of columns) {
        check.sameDType("columns", first, column);
        rows = check.sameSize("length of the columns", rows, check.rank("columns", column, 1)[0]);
      }
      return [{ dtype: first.dtype, shape: [rows, columns.length] }];
    },
  });
}

/** `Unpack`: [n, k] -> its k columns [n]. */
export function unpackColumns(graph: GraphBuilder, matrix: Tensor): Tensor[] {
  const columns = matrix.shape[1] ?? 0;
  const node = graph.addNode("Unpack", {
    inputs: [matrix],
    attributes: { num: { int: columns }, T: { type: matrix.dtype }, axis: { int: 1 } },
    outputs: (check) => {
      const [rows, known] = check.rank("matrix", matrix, 2);
      check.require(known !== null, "a known number of columns", "an open one");
      return Array.from({ length: columns }, () => ({ dtype: matrix.dtype, shape: [rows] }));
    },
  });
  return Array.from({ length: columns }, (_, column) => node.output(column));
}

/** `GatherV2`: the rows of a table [m, k] that int32 indices [n] name -> [n, k]. */
export function gatherRows(graph: GraphBuilder, table: Tensor, indices: Tensor): Tensor {
  return gather(graph, table, indices, 0, (check) => check.rank("table", table, 2));
}

/** `GatherV2`: the places of the last axis that int32 indices [n] name: [..., k] -> [..., n]. */
export function gatherLast(graph: GraphBuilder, x: Tensor, indices: Tensor): Tensor {
  const axis = x.shape.length - 1;
  return gather(graph, x, indices, axis, (check) => check.require(axis >= 0, "at least one axis", "none"));
}

/** `GatherV2`: the places of an axis of x that int32 indices [n] name; the axis has n places in the result. */
function gather(
  graph: GraphBuilder,
  x: Tensor,
  indices: Tensor,
  axis: number,
  checkInput: (check: ShapeCheck) => void,
): Tensor {
  return graph.add("GatherV2", {
    inputs: [x, indices, int32(graph, axis, "GatherV2/axis")],
    attributes: {
      Tparams: { type: x.dtype },
      Tindices: { type: "int32" },
      Taxis: { type: "int32" },
      batch_dims: { int: 0 },
    },
    outputs: (check) => {
      check.dtype("indices", indices, "int32");
      checkInput(check);
      const [count = null] = check.rank("indices", indices, 1);
      return [{ dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, count) }];
    },
  });
}

/** `SelectV2`: along the last axis from a where bool condition [n] holds, else from b; a and b are [..., n]. */
export function selectLast(graph: GraphBuilder, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return graph.add("SelectV2", {
    inputs: [condition, a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.dtype("condition", condition, "bool");
      check.sameDType("branches", a, b);
      const shape = check.sameShape("branches", a, b);
      check.sameSize("places", check.rank("condition", condition, 1)[0], shape.at(-1) ?? null);
      return [{ dtype: a.dtype, shape }];
    },
  });
}

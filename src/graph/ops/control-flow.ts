import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";

/** `Switch`: x as one of two outputs; nodes that depend on the other output do not run. */
export function switchOn(
  graph: GraphBuilder,
  x: Tensor,
  condition: Tensor,
): { readonly whenTrue: Tensor; readonly whenFalse: Tensor } {
  const node = graph.addNode("Switch", {
    inputs: [x, condition],
    attributes: { T: { type: x.dtype } },
    outputs: (check) => {
      check.dtype("condition", condition, "bool");
      check.rank("condition", condition, 0);
      return [
        { dtype: x.dtype, shape: x.shape },
        { dtype: x.dtype, shape: x.shape },
      ];
    },
  });
  return { whenFalse: node.output(0), whenTrue: node.output(1) };
}

/** `Merge`: the one of the two that was computed. */
export function mergeBranches(graph: GraphBuilder, a: Tensor, b: Tensor): GraphNode {
  return graph.addNode("Merge", {
    inputs: [a, b],
    attributes: { T: { type: a.dtype }, N: { int: 2 } },
    outputs: (check) => {
      check.sameDType("branches", a, b);
      return [
        { dtype: a.dtype, shape: a.shape },
        { dtype: "int32", shape: [] },
      ];
    },
  });
}

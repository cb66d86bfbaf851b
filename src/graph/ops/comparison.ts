import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";

/** `Equal`, broadcast -> bool. */
export function equal(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return comparison(graph, "Equal", a, b);
}

/** `GreaterEqual`: a >= b, broadcast -> bool. */
export function greaterEqual(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return comparison(graph, "GreaterEqual", a, b);
}

/** `Less`: a < b, broadcast -> bool. */
export function less(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return comparison(graph, "Less", a, b);
}

function comparison(graph: GraphBuilder, op: string, a: Tensor, b: Tensor): Tensor {
  return graph.add(op, {
    inputs: [a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.sameDType("operands", a, b);
      return [{ dtype: "bool", shape: check.broadcast(a, b) }];
    },
  });
}

/** `LogicalAnd` of bools, broadcast. */
export function logicalAnd(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return graph.add("LogicalAnd", {
    inputs: [a, b],
    outputs: (check) => {
      check.dtype("operands", a, "bool");
      check.dtype("operands", b, "bool");
      return [{ dtype: "bool", shape: check.broadcast(a, b) }];
    },
  });
}

/** `IsFinite` -> bool: false for NaN and infinities. */
export function finite(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("IsFinite", {
    inputs: [x],
    attributes: { T: { type: x.dtype } },
    outputs: (check) => {
      check.floating("input", x);
      return [{ dtype: "bool", shape: x.shape }];
    },
  });
}

/** `SelectV2`: a where the condition holds, else b, broadcast. */
export function select(graph: GraphBuilder, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return graph.add("SelectV2", {
    inputs: [condition, a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.dtype("condition", condition, "bool");
      check.sameDType("branches", a, b);
      check.require(condition.shape.length === 0, "a scalar condition", `rank ${condition.shape.length}`);
      return [{ dtype: a.dtype, shape: check.broadcast(a, b) }];
    },
  });
}

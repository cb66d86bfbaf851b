import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";

/** `BitwiseXor` of whole numbers of one type, broadcast. */
export function xor(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return bitwise(graph, "BitwiseXor", a, b);
}

/** `RightShift`: a moved down by b bits, broadcast; unsigned numbers are filled up with zeros. */
export function shiftRight(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return bitwise(graph, "RightShift", a, b);
}

function bitwise(graph: GraphBuilder, op: string, a: Tensor, b: Tensor): Tensor {
  return graph.add(op, {
    inputs: [a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.dtype("operands", a, "int32", "int64", "uint8", "uint32", "uint64");
      check.sameDType("operands", a, b);
      return [{ dtype: a.dtype, shape: check.broadcast(a, b) }];
    },
  });
}

import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";

/** `AddV2`: a + b, broadcast. */
export function add(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "AddV2", a, b);
}

/** `Sub`: a - b, broadcast. */
export function subtract(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "Sub", a, b);
}

/** `Mul`: a * b, broadcast. */
export function multiply(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "Mul", a, b);
}

/** `RealDiv`: a / b, broadcast. */
export function divide(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "RealDiv", a, b);
}

/** `Minimum`, broadcast. */
export function minimum(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "Minimum", a, b);
}

/** `Maximum`, broadcast. */
export function maximum(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  return elementwise(graph, "Maximum", a, b);
}

/** `Pow`: base to the power of exponent, broadcast. */
export function power(graph: GraphBuilder, base: Tensor, exponent: Tensor): Tensor {
  return elementwise(graph, "Pow", base, exponent);
}

function elementwise(graph: GraphBuilder, op: string, a: Tensor, b: Tensor): Tensor {
  return graph.add(op, {
    inputs: [a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.sameDType("operands", a, b);
      return [{ dtype: a.dtype, shape: check.broadcast(a, b) }];
    },
  });
}

/** `Neg`: -x. */
export function negate(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Neg", x);
}

/** `Sign`: -1, 0 or 1. */
export function sign(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Sign", x);
}

/** `Exp`: e to the power of x. */
export function exponential(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Exp", x);
}

/** `Sqrt`. */
export function squareRoot(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Sqrt", x);
}

/** `Floor`: the greatest whole number that is not above x. */
export function floor(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Floor", x);
}

/** `L2Loss` -> []: half the sum of all squares. */
export function halfSumOfSquares(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("L2Loss", {
    inputs: [x],
    attributes: { T: { type: x.dtype } },
    outputs: (check) => {
      check.floating("input", x);
      return [{ dtype: x.dtype, shape: [] }];
    },
  });
}

/** `Cos`, x in radians. */
export function cosine(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Cos", x);
}

/** `Relu`: max(x, 0). */
export function relu(graph: GraphBuilder, x: Tensor): Tensor {
  return unary(graph, "Relu", x);
}

/** `Softmax` over the last axis of logits [n, classes]. */
export function softmax(graph: GraphBuilder, logits: Tensor): Tensor {
  return unary(graph, "Softmax", logits);
}

/** `LogSoftmax` over the last axis of logits [n, classes]. */
export function logSoftmax(graph: GraphBuilder, logits: Tensor): Tensor {
  return unary(graph, "LogSoftmax", logits);
}

function unary(graph: GraphBuilder, op: string, x: Tensor): Tensor {
  return graph.add(op, {
    inputs: [x],
    attributes: { T: { type: x.dtype } },
    outputs: (check) => {
      check.floating("input", x);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

/**
 * `ReluGrad`: passes the gradient where ReLU was active.
 *
 * @param features ReLU's output or input; the output is best, since it is kept anyway
 */
export function reluGradient(graph: GraphBuilder, gradient: Tensor, features: Tensor): Tensor {
  return graph.add("ReluGrad", {
    inputs: [gradient, features],
    attributes: { T: { type: gradient.dtype } },
    outputs: (check) => {
      check.sameDType("gradient and features", gradient, features);
      return [{ dtype: gradient.dtype, shape: check.sameShape("gradient and features", gradient, features) }];
    },
  });
}

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** `MatMul`: [n, k] x [k, m] -> [n, m], each operand transposed first where asked. */
export function matMul(graph: GraphBuilder, a: Tensor, b: Tensor, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  return graph.add("MatMul", {
    inputs: [a, b],
    attributes: {
      T: { type: a.dtype },
      transpose_a: { bool: transposeA },
      transpose_b: { bool: transposeB },
    },
    outputs: (check) => {
      check.floating("operands", a);
      check.sameDType("operands", a, b);
      const [aRows, aColumns] = check.rank("first operand", a, 2);
      const [bRows, bColumns] = check.rank("second operand", b, 2);
      check.sameSize("inner sizes", transposeA ? aRows : aColumns, transposeB ? bColumns : bRows);
      return [{ dtype: a.dtype, shape: [transposeA ? aColumns : aRows, transposeB ? bRows : bColumns] }];
    },
  });
}

/** `BatchMatMulV2`: [n, k] x each [k, m] of [b, k, m] -> [b, n, m]. */
export function batchMatMul(graph: GraphBuilder, matrix: Tensor, batch: Tensor): Tensor {
  return graph.add("BatchMatMulV2", {
    inputs: [matrix, batch],
    attributes: { T: { type: batch.dtype }, adj_x: { bool: false }, adj_y: { bool: false } },
    outputs: (check) => {
      check.floating("operands", batch);
      check.sameDType("operands", matrix, batch);
      const [rows, inner] = check.rank("matrix", matrix, 2);
      const [count, batchRows, columns] = check.rank("batch", batch, 3);
      check.sameSize("inner sizes", inner, batchRows);
      return [{ dtype: batch.dtype, shape: [count, rows, columns] }];
    },
  });
}

/** `BiasAdd`: adds bias [c] to the last axis of x. */
export function biasAdd(graph: GraphBuilder, x: Tensor, bias: Tensor): Tensor {
  return graph.add("BiasAdd", {
    inputs: [x, bias],
    attributes: { T: { type: x.dtype }, data_format: { text: "NHWC" } },
    outputs: (check) => {
      check.floating("input", x);
      check.sameDType("input and bias", x, bias);
      const [channels] = check.rank("bias", bias, 1);
      check.sameSize("channels of input and bias", x.shape.at(-1) ?? null, channels);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

/** `BiasAddGrad`: sums a gradient over all axes but the last -> [c]. */
export function biasAddGradient(graph: GraphBuilder, gradient: Tensor): Tensor {
  return graph.add("BiasAddGrad", {
    inputs: [gradient],
    attributes: { T: { type: gradient.dtype }, data_format: { text: "NHWC" } },
    outputs: (check) => {
      check.require(
        gradient.shape.length >= 2,
        "a gradient of rank 2 or more",
        `rank ${gradient.shape.length}`,
      );
      return [{ dtype: gradient.dtype, shape: [gradient.shape.at(-1) ?? null] }];
    },
  });
}

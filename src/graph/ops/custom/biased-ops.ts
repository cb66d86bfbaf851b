import { type CustomOp, VECTOR } from "../../custom-op.js";
import type { GraphBuilder } from "../../graph-builder.js";
import type { GraphNode, Tensor } from "../../graph-node.js";
import type { ShapeCheck, Size } from "../../shape-check.js";
import { formatShape, type Shape } from "../../tensor-spec.js";
import { float32Vector } from "../constants.js";

/**
 * A custom op that multiplies an input by a kernel and adds a bias, with those of its gradients. Inputs and
 * results are bfloat16 [n, ..., inputs] and [n, ..., outputs]; kernels, biases and their gradients are float32.
 */
export interface BiasedOp {
  readonly name: CustomOp;
  readonly backpropInput: string;
  readonly backpropKernel: string;
  /** The rank of inputs, kernels and results. */
  readonly rank: 2 | 4;
  /** The kernel's sizes before [inputs, outputs]. */
  readonly window: readonly number[];
  /** Divides the numbers of inputs and outputs. */
  readonly multiple: number;
}

/**
 * A convolution that moves by one pixel and keeps the size of the image, by Winograd's minimal filtering: kernel and
 * images are transformed in float32 and only then rounded to bfloat16.
 */
export const BIASED_CONVOLUTION: BiasedOp = {
  name: "EspalierConv2D",
  backpropInput: "EspalierConv2DBackpropInput",
  backpropKernel: "EspalierConv2DBackpropFilter",
  rank: 4,
  window: [3, 3],
  multiple: VECTOR,
};

/** A product with a kernel that is read in float32 and rounded to bfloat16 on the way. */
export const BIASED_PRODUCT: BiasedOp = {
  name: "EspalierDense",
  backpropInput: "EspalierDenseBackpropInput",
  backpropKernel: "EspalierDenseBackpropKernel",
  rank: 2,
  window: [],
  multiple: 2 * VECTOR,
};

/** Whether the engine has the op, and the op takes such an input and kernel. */
export function coversBiased(graph: GraphBuilder, op: BiasedOp, input: Tensor, kernel: Tensor): boolean {
  const has = graph.customOps.has(op.name) && input.dtype === "bfloat16";
  return has && isWindow(op, kernel.shape) && kernel.shape.slice(-2).every((size) => fills(op, size));
}

function isWindow({ window }: BiasedOp, kernelShape: Shape): boolean {
  return kernelShape.length === window.length + 2 && window.every((size, axis) => kernelShape[axis] === size);
}

function fills({ multiple }: BiasedOp, size: Size): boolean {
  return typeof size === "number" && size % multiple === 0;
}

/**
 * Adds the op; its result is at least 0 where a ReLU follows.
 *
 * @param input bfloat16 [n, ..., inputs]
 * @param kernel float32 [...window, inputs, outputs]
 * @param bias float32 [outputs]; null: zeros
 * @returns bfloat16 [n, ..., outputs]
 */
export function biased(
  graph: GraphBuilder,
  op: BiasedOp,
  input: Tensor,
  kernel: Tensor,
  bias: Tensor | null,
  options: { readonly relu: boolean },
): Tensor {
  const added = bias ?? float32Vector(graph, new Array<number>(kernel.shape.at(-1) ?? 0).fill(0));
  return graph.add(op.name, {
    inputs: [input, kernel, added],
    attributes: { relu: { bool: options.relu } },
    outputs: (check) => {
      const sizes = checkSizes(check, op, "input", input);
      const [inputs, outputs] = checkKernel(check, op, kernel);
      check.sameSize("inputs of input and kernel", sizes.at(-1) ?? null, inputs);
      check.dtype("bias", added, "float32");
      check.sameSize("outputs of kernel and bias", outputs, check.rank("bias", added, 1)[0]);
      return [{ dtype: "bfloat16", shape: [...sizes.slice(0, -1), outputs] }];
    },
  });
}

function checkSizes(check: ShapeCheck, { rank }: BiasedOp, role: string, tensor: Tensor): readonly Size[] {
  check.dtype(role, tensor, "bfloat16");
  return check.rank(role, tensor, rank);
}

/** @returns inputs and outputs */
function checkKernel(check: ShapeCheck, op: BiasedOp, kernel: Tensor): readonly [Size, Size] {
  check.dtype("kernel", kernel, "float32");
  const window = `a kernel of [${op.window.join(", ")}] over inputs and outputs`;
  check.require(isWindow(op, kernel.shape), window, formatShape(kernel.shape));
  const [inputs = null, outputs = null] = kernel.shape.slice(-2);
  for (const size of [inputs, outputs]) checkMultiple(check, op, size);
  return [inputs, outputs];
}

function checkMultiple(check: ShapeCheck, op: BiasedOp, size: Size): void {
  check.require(fills(op, size), `inputs and outputs by ${op.multiple}`, `${size}`);
}

/**
 * The gradient of `biased` with respect to its input.
 *
 * @param gradient bfloat16 [n, ..., outputs], with respect to the result before any ReLU
 * @returns bfloat16 [n, ..., inputs]
 */
export function biasedBackpropInput(
  graph: GraphBuilder,
  op: BiasedOp,
  kernel: Tensor,
  gradient: Tensor,
): Tensor {
  return graph.add(op.backpropInput, {
    inputs: [kernel, gradient],
    outputs: (check) => {
      const [inputs, outputs] = checkKernel(check, op, kernel);
      const sizes = checkSizes(check, op, "gradient", gradient);
      check.sameSize("outputs of kernel and gradient", outputs, sizes.at(-1) ?? null);
      return [{ dtype: "bfloat16", shape: [...sizes.slice(0, -1), inputs] }];
    },
  });
}

/**
 * The gradients of `biased` with respect to its kernel and its bias, both of them summed and given in float32.
 *
 * @param gradient bfloat16 [n, ..., outputs], with respect to the result before any ReLU
 * @returns a node with the outputs float32 [...window, inputs, outputs] and [outputs]
 */
export function biasedBackpropKernel(
  graph: GraphBuilder,
  op: BiasedOp,
  input: Tensor,
  gradient: Tensor,
): GraphNode {
  return graph.addNode(op.backpropKernel, {
    inputs: [input, gradient],
    outputs: (check) => {
      const sizes = checkSizes(check, op, "input", input);
      const gradientSizes = checkSizes(check, op, "gradient", gradient);
      for (const [axis, size] of sizes.slice(0, -1).entries()) {
        check.sameSize(`sizes of input and gradient on axis ${axis}`, size, gradientSizes[axis] ?? null);
      }
      const [inputs = null, outputs = null] = [sizes.at(-1), gradientSizes.at(-1)];
      for (const size of [inputs, outputs]) checkMultiple(check, op, size);
      return [
        { dtype: "float32", shape: [...op.window, inputs, outputs] },
        { dtype: "float32", shape: [outputs] },
      ];
    },
  });
}

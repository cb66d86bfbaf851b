import { AppError } from "../../core/app-error.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { cast, elementCountOf, knownShape, reshape, sizesOf } from "../ops/array.js";
import { float32, int32Values } from "../ops/constants.js";
import { conv2DBackpropFilter, conv2DBackpropInput } from "../ops/convolution.js";
import {
  BIASED_CONVOLUTION,
  BIASED_PRODUCT,
  type BiasedOp,
  biasedBackpropInput,
  biasedBackpropKernel,
} from "../ops/custom/biased-ops.js";
import { batchNormGradient } from "../ops/custom/custom-ops.js";
import {
  biasAddGradient,
  divide,
  exponential,
  matMul,
  multiply,
  negate,
  reluGradient,
  subtract,
} from "../ops/math.js";
import { fusedBatchNormGradient } from "../ops/normalization.js";
import { maxPoolGradient } from "../ops/pooling.js";
import { sum } from "../ops/reduction.js";
import { isSubsampling, subsampleGradient } from "../ops/subsampling.js";
import { elementCount } from "../tensor-spec.js";
import { spreadOverAxes, sumToShape } from "./broadcasting.js";
import { convolutionOptionsOf, flagOf, numberOf, poolingWindowOf } from "./node-attributes.js";

/**
 * Turns the gradient of a node's first output into the gradients of its inputs, in their order. Each is a function that
 * adds the nodes, called only when that input matters; null: the input has no gradient. A gradient has its input's type,
 * or float32 where the input was narrowed from float32.
 */
export type GradientRule = (
  graph: GraphBuilder,
  node: GraphNode,
  gradient: Tensor,
) => readonly ((() => Tensor) | null)[];

/** One rule for every operation that a loss may flow through. */
export const GRADIENT_RULES: Readonly<Record<string, GradientRule>> = {
  Identity: (_graph, _node, gradient) => [() => gradient],

  Cast: (graph, node, gradient) => [() => cast(graph, gradient, node.input(0).dtype)],

  Reshape: (graph, node, gradient) => {
    const input = node.input(0);
    return [() => reshape(graph, gradient, sizesOf(graph, input), input.shape), null];
  },

  AddV2: (graph, node, gradient) => [
    () => sumToShape(graph, gradient, node.input(0)),
    () => sumToShape(graph, gradient, node.input(1)),
  ],

  Sub: (graph, node, gradient) => [
    () => sumToShape(graph, gradient, node.input(0)),
    () => negate(graph, sumToShape(graph, gradient, node.input(1))),
  ],

  Mul: (graph, node, gradient) => {
    const [a, b] = [node.input(0), node.input(1)];
    return [
      () => sumToShape(graph, multiply(graph, gradient, b), a),
      () => sumToShape(graph, multiply(graph, gradient, a), b),
    ];
  },

  Neg: (graph, _node, gradient) => [() => negate(graph, gradient)],

  Sum: (graph, node, gradient) => {
    const axes = int32Values(node.input(1));
    return [() => spreadOverAxes(graph, gradient, node.input(0), axes), null];
  },

  Mean: (graph, node, gradient) => {
    const axes = int32Values(node.input(1));
    // The division comes first, where there are fewer elements.
    const share = () => divide(graph, gradient, elementsPerMean(graph, node));
    return [() => spreadOverAxes(graph, share(), node.input(0), axes), null];
  },

  // y = log softmax(x), so dx = dy - softmax(x) * sum(dy), and softmax(x) = exp(y).
  LogSoftmax: (graph, node, gradient) => {
    const total = () => sum(graph, gradient, [gradient.shape.length - 1], { keepDims: true });
    const softmax = () => exponential(graph, node.output(0));
    return [() => subtract(graph, gradient, multiply(graph, softmax(), total()))];
  },

  // ReLU'(x) is 1 exactly where the output is positive, so x need not be kept.
  Relu: (graph, node, gradient) => [() => reluGradient(graph, gradient, node.output(0))],

  MatMul: (graph, node, gradient) => {
    const [a, b] = [node.input(0), node.input(1)];
    const [transposeA, transposeB] = [flagOf(node, "transpose_a"), flagOf(node, "transpose_b")];
    // The gradient of a narrowed kernel is computed in the kernel's float32: rounded to bf16 and widened again, those of
    // VGG19 would take 600 MB in place of 400, and be less exact.
    const wide = (factor: Tensor): Tensor => cast(graph, factor, narrowedType(b) ?? factor.dtype);
    return [
      () =>
        transposeA
          ? matMul(graph, b, gradient, { transposeA: transposeB, transposeB: true })
          : matMul(graph, gradient, b, { transposeB: !transposeB }),
      () =>
        transposeB
          ? matMul(graph, wide(gradient), wide(a), { transposeA: true, transposeB: transposeA })
          : matMul(graph, wide(a), wide(gradient), { transposeA: !transposeA }),
    ];
  },

  BiasAdd: (graph, _node, gradient) => [() => gradient, () => biasAddGradient(graph, gradient)],

  Conv2D: (graph, node, gradient) => {
    const [input, kernel] = [node.input(0), node.input(1)];
    const options = convolutionOptionsOf(node);
    return [
      () => conv2DBackpropInput(graph, sizesOf(graph, input), input.shape, kernel, gradient, options),
      () => conv2DBackpropFilter(graph, input, sizesOf(graph, kernel), kernel.shape, gradient, options),
    ];
  },

  StridedSlice: (graph, node, gradient) => {
    if (!isSubsampling(node)) {
      throw new AppError("GRADIENT_UNDEFINED", `${node.op} "${node.name}" does not take every n-th pixel.`);
    }
    const input = node.input(0);
    return [
      () => subsampleGradient(graph, sizesOf(graph, input), input.shape, node.input(3), gradient),
      null,
      null,
      null,
    ];
  },

  MaxPool: (graph, node, gradient) => [
    () => maxPoolGradient(graph, node.input(0), node.output(0), gradient, poolingWindowOf(node)),
  ],

  FusedBatchNormV3: (graph, node, gradient) => {
    const [x, scale] = [node.input(0), node.input(1)];
    const training = flagOf(node, "is_training");
    // While training the kernel keeps the batch's statistics for this; else it used the ones given.
    const mean = training ? node.output(3) : node.input(3);
    const variance = training ? node.output(4) : node.input(4);
    const options = { epsilon: numberOf(node, "epsilon"), training };
    const output = outputsOfOne(() =>
      fusedBatchNormGradient(graph, gradient, x, scale, [mean, variance, node.output(5)], options),
    );
    return [output(0), output(1), output(2), null, null];
  },

  EspalierConv2D: biasedRule(BIASED_CONVOLUTION),

  EspalierDense: biasedRule(BIASED_PRODUCT),

  EspalierBatchNorm: (graph, node, gradient) => {
    const [x, scale, offset] = [node.input(0), node.input(1), node.input(2)];
    const [mean, variance] = [node.input(3), node.input(4)];
    // Its kernel takes into account what a change of x does to the statistics of the batch.
    if (mean.node.op !== "EspalierBatchStatistics") {
      throw new AppError(
        "GRADIENT_UNDEFINED",
        `${node.op} "${node.name}" normalizes by statistics that are given.`,
      );
    }
    const options = { epsilon: numberOf(node, "epsilon"), relu: flagOf(node, "relu") };
    const output = outputsOfOne(() =>
      batchNormGradient(graph, gradient, x, { scale, offset, mean, variance }, options),
    );
    return [output(0), output(1), output(2), null, null];
  },
};

function biasedRule(op: BiasedOp): GradientRule {
  return (graph, node, gradient) => {
    const [input, kernel] = [node.input(0), node.input(1)];
    const ofSum = flagOf(node, "relu") ? reluGradient(graph, gradient, node.output(0)) : gradient;
    const output = outputsOfOne(() => biasedBackpropKernel(graph, op, input, ofSum));
    return [() => biasedBackpropInput(graph, op, kernel, ofSum), output(0), output(1)];
  };
}

/** Gradients that are outputs of one node, which is added when the first of them is called. */
function outputsOfOne(make: () => GraphNode): (index: number) => () => Tensor {
  let node: GraphNode | null = null;
  return (index) => () => {
    node ??= make();
    return node.output(index);
  };
}

/** The type that a tensor was narrowed from; null when it was not narrowed. */
function narrowedType({ node }: Tensor): "float32" | null {
  return node.op === "Cast" && node.input(0).dtype === "float32" ? "float32" : null;
}

/** The number of elements that each mean was taken of, float32 or bf16 as the mean is. */
function elementsPerMean(graph: GraphBuilder, node: GraphNode): Tensor {
  const [input, output] = [node.input(0), node.output(0)];
  const [from, to] = [knownShape(input.shape.slice(1)), knownShape(output.shape.slice(1))];
  const sameBatch = input.shape[0] === output.shape[0] && output.shape.length > 0;
  if (sameBatch && from !== null && to !== null) {
    return cast(graph, float32(graph, elementCount(from) / elementCount(to)), output.dtype);
  }
  const count = (tensor: Tensor) => cast(graph, elementCountOf(graph, tensor), output.dtype);
  return divide(graph, count(input), count(output));
}

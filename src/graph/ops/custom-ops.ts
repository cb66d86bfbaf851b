import type { FillMode } from "../../core/enumerations.js";
import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import type { ShapeCheck, Size } from "../shape-check.js";
import { checkTransforms } from "./image.js";
import { type BatchNormInputs, checkChannels } from "./normalization.js";

/** What `EspalierConv2D` covers: it moves by one pixel and keeps the size of the picture. */
const KERNEL_SIZE = 3;
/** Channels and filters come in multiples of so many, the float32 numbers of a vector register. */
const VECTOR = 16;

function fillsVectors(count: Size | undefined): boolean {
  return typeof count === "number" && count % VECTOR === 0;
}

/** Whether the custom operations compute a convolution that moves by one pixel, and its gradients. */
export function coversConvolution(graph: GraphBuilder, input: Tensor, kernel: Tensor): boolean {
  const [height, width, channels, filters] = kernel.shape;
  const window = height === KERNEL_SIZE && width === KERNEL_SIZE;
  const vectors = fillsVectors(channels) && fillsVectors(filters);
  return graph.customOps.has("EspalierConv2D") && input.dtype === "bfloat16" && window && vectors;
}

/**
 * `EspalierConv2D`: a convolution with a bias added to it, and no less than 0 where a ReLU follows. It is computed by
 * Winograd's minimal filtering: kernel and pictures are transformed in float32 and only then rounded to bfloat16.
 *
 * @param input bfloat16 [n, h, w, cIn]
 * @param kernel float32 [3, 3, cIn, cOut]
 * @param bias float32 [cOut]
 * @returns bfloat16 [n, h, w, cOut]
 */
export function biasedConv2D(
  graph: GraphBuilder,
  input: Tensor,
  kernel: Tensor,
  bias: Tensor,
  options: { readonly relu: boolean },
): Tensor {
  return graph.add("EspalierConv2D", {
    inputs: [input, kernel, bias],
    attributes: { relu: { bool: options.relu } },
    outputs: (check) => {
      check.dtype("input", input, "bfloat16");
      const [pictures, height, width, inputChannels] = check.rank("input", input, 4);
      const [channels, filters] = checkKernel(check, kernel);
      check.sameSize("channels of input and kernel", inputChannels, channels);
      check.dtype("bias", bias, "float32");
      check.sameSize("filters of kernel and bias", filters, check.rank("bias", bias, 1)[0]);
      return [{ dtype: "bfloat16", shape: [pictures, height, width, filters] }];
    },
  });
}

/** @returns channels and filters */
function checkKernel(check: ShapeCheck, kernel: Tensor): readonly [Size, Size] {
  check.dtype("kernel", kernel, "float32");
  const [height, width, channels, filters] = check.rank("kernel", kernel, 4);
  const window = height === KERNEL_SIZE && width === KERNEL_SIZE;
  check.require(window, `a kernel of ${KERNEL_SIZE} x ${KERNEL_SIZE}`, `${height} x ${width}`);
  for (const count of [channels, filters]) checkVectors(check, count);
  return [channels, filters];
}

function checkVectors(check: ShapeCheck, count: Size): void {
  check.require(fillsVectors(count), `channels by ${VECTOR}`, `${count}`);
}

/**
 * `EspalierConv2DBackpropInput`: the gradient of `biasedConv2D` with respect to its pictures.
 *
 * @param kernel float32 [3, 3, cIn, cOut]
 * @param gradient bfloat16 [n, h, w, cOut], with respect to the result before any ReLU
 * @returns bfloat16 [n, h, w, cIn]
 */
export function biasedConv2DBackpropInput(graph: GraphBuilder, kernel: Tensor, gradient: Tensor): Tensor {
  return graph.add("EspalierConv2DBackpropInput", {
    inputs: [kernel, gradient],
    outputs: (check) => {
      const [channels, filters] = checkKernel(check, kernel);
      check.dtype("gradient", gradient, "bfloat16");
      const [pictures, height, width, gradients] = check.rank("gradient", gradient, 4);
      check.sameSize("filters of kernel and gradient", filters, gradients);
      return [{ dtype: "bfloat16", shape: [pictures, height, width, channels] }];
    },
  });
}

/**
 * `EspalierConv2DBackpropFilter`: the gradients of `biasedConv2D` with respect to its kernel and its bias, both of
 * them summed and given in float32.
 *
 * @param input bfloat16 [n, h, w, cIn]
 * @param gradient bfloat16 [n, h, w, cOut], with respect to the result before any ReLU
 * @returns a node with the outputs float32 [3, 3, cIn, cOut] and [cOut]
 */
export function biasedConv2DBackpropFilter(graph: GraphBuilder, input: Tensor, gradient: Tensor): GraphNode {
  return graph.addNode("EspalierConv2DBackpropFilter", {
    inputs: [input, gradient],
    outputs: (check) => {
      check.dtype("input", input, "bfloat16");
      check.dtype("gradient", gradient, "bfloat16");
      const [pictures, height, width, channels] = check.rank("input", input, 4);
      const [gradients, gradientHeight, gradientWidth, filters] = check.rank("gradient", gradient, 4);
      check.sameSize("numbers of pictures and gradients", pictures, gradients);
      check.sameSize("heights of input and gradient", height, gradientHeight);
      check.sameSize("widths of input and gradient", width, gradientWidth);
      for (const count of [channels, filters]) checkVectors(check, count);
      return [
        { dtype: "float32", shape: [KERNEL_SIZE, KERNEL_SIZE, channels, filters] },
        { dtype: "float32", shape: [filters] },
      ];
    },
  });
}

/** Rows up to which reading a dense layer's kernel takes longer than multiplying with it. */
const MOST_DENSE_ROWS = 16;

/**
 * Whether the custom operations compute a dense layer, and its gradients.
 *
 * @param rows the most that the input has
 */
export function coversDense(graph: GraphBuilder, input: Tensor, kernel: Tensor, rows: number): boolean {
  const vectors = kernel.shape.every((size) => fillsTwoVectors(size));
  return (
    graph.customOps.has("EspalierDense") && input.dtype === "bfloat16" && vectors && rows <= MOST_DENSE_ROWS
  );
}

function fillsTwoVectors(count: Size | undefined): boolean {
  return typeof count === "number" && count % (2 * VECTOR) === 0;
}

/**
 * `EspalierDense`: the product of an input with a kernel, which is read in float32 and rounded to bfloat16 on the way,
 * with a bias added to it, and no less than 0 where a ReLU follows.
 *
 * @param input bfloat16 [n, inputs]
 * @param kernel float32 [inputs, units]
 * @param bias float32 [units]
 * @returns bfloat16 [n, units]
 */
export function biasedProduct(
  graph: GraphBuilder,
  input: Tensor,
  kernel: Tensor,
  bias: Tensor,
  options: { readonly relu: boolean },
): Tensor {
  return graph.add("EspalierDense", {
    inputs: [input, kernel, bias],
    attributes: { relu: { bool: options.relu } },
    outputs: (check) => {
      check.dtype("input", input, "bfloat16");
      const [rows, size] = check.rank("input", input, 2);
      const [inputs, units] = checkDenseKernel(check, kernel);
      check.sameSize("sizes of input and kernel", size, inputs);
      check.dtype("bias", bias, "float32");
      check.sameSize("units of kernel and bias", units, check.rank("bias", bias, 1)[0]);
      return [{ dtype: "bfloat16", shape: [rows, units] }];
    },
  });
}

/** @returns inputs and units */
function checkDenseKernel(check: ShapeCheck, kernel: Tensor): readonly [Size, Size] {
  check.dtype("kernel", kernel, "float32");
  const [inputs, units] = check.rank("kernel", kernel, 2);
  for (const size of [inputs, units]) checkTwoVectors(check, size);
  return [inputs, units];
}

function checkTwoVectors(check: ShapeCheck, size: Size): void {
  check.require(fillsTwoVectors(size), `sizes by ${2 * VECTOR}`, `${size}`);
}

/**
 * `EspalierDenseBackpropInput`: the gradient of `biasedProduct` with respect to its input.
 *
 * @param kernel float32 [inputs, units]
 * @param gradient bfloat16 [n, units], with respect to the result before any ReLU
 * @returns bfloat16 [n, inputs]
 */
export function biasedProductBackpropInput(graph: GraphBuilder, kernel: Tensor, gradient: Tensor): Tensor {
  return graph.add("EspalierDenseBackpropInput", {
    inputs: [kernel, gradient],
    outputs: (check) => {
      const [inputs, units] = checkDenseKernel(check, kernel);
      check.dtype("gradient", gradient, "bfloat16");
      const [rows, gradients] = check.rank("gradient", gradient, 2);
      check.sameSize("units of kernel and gradient", units, gradients);
      return [{ dtype: "bfloat16", shape: [rows, inputs] }];
    },
  });
}

/**
 * `EspalierDenseBackpropKernel`: the gradients of `biasedProduct` with respect to its kernel and its bias, both of
 * them summed and given in float32.
 *
 * @param input bfloat16 [n, inputs]
 * @param gradient bfloat16 [n, units], with respect to the result before any ReLU
 * @returns a node with the outputs float32 [inputs, units] and [units]
 */
export function biasedProductBackpropKernel(graph: GraphBuilder, input: Tensor, gradient: Tensor): GraphNode {
  return graph.addNode("EspalierDenseBackpropKernel", {
    inputs: [input, gradient],
    outputs: (check) => {
      check.dtype("input", input, "bfloat16");
      check.dtype("gradient", gradient, "bfloat16");
      const [rows, inputs] = check.rank("input", input, 2);
      const [gradients, units] = check.rank("gradient", gradient, 2);
      check.sameSize("rows of input and gradient", rows, gradients);
      for (const size of [inputs, units]) checkTwoVectors(check, size);
      return [
        { dtype: "float32", shape: [inputs, units] },
        { dtype: "float32", shape: [units] },
      ];
    },
  });
}

/** Whether the custom operations normalise x, and compute the gradients of that. */
export function coversBatchNorm(graph: GraphBuilder, x: Tensor): boolean {
  return graph.customOps.has("EspalierBatchNorm") && x.dtype === "bfloat16" && fillsVectors(x.shape[3]);
}

/**
 * `EspalierBatchStatistics`: mean and variance of each channel of a batch, and moving ones that go on by them.
 *
 * @param x bfloat16 [n, h, w, c]
 * @param moving float32 [c], before this batch
 * @param averageFactor how far they move towards the batch's
 * @returns a node with the outputs mean, variance, moved mean and moved variance, float32 [c]; the last of them with
 *   Bessel's correction, as `FusedBatchNormV3` has it
 */
export function batchStatistics(
  graph: GraphBuilder,
  x: Tensor,
  moving: { readonly mean: Tensor; readonly variance: Tensor },
  averageFactor: number,
): GraphNode {
  return graph.addNode("EspalierBatchStatistics", {
    inputs: [x, moving.mean, moving.variance],
    attributes: { average_factor: { float: averageFactor } },
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      const channels = checkChannels(check, x, [moving.mean, moving.variance]);
      const statistic = { dtype: "float32", shape: [channels] } as const;
      return [statistic, statistic, statistic, statistic];
    },
  });
}

/**
 * `EspalierBatchNorm`: (x - mean) / sqrt(variance + epsilon) * scale + offset for every channel of x, and no less than
 * 0 where a ReLU follows.
 *
 * @param x bfloat16 [n, h, w, c]
 * @param inputs float32 [c] each
 * @returns of x's type and shape
 */
export function batchNorm(
  graph: GraphBuilder,
  x: Tensor,
  inputs: BatchNormInputs,
  options: NormalizationOptions,
): Tensor {
  const parameters = inOrder(inputs);
  return graph.add("EspalierBatchNorm", {
    inputs: [x, ...parameters],
    attributes: normalizationAttributes(options),
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      checkChannels(check, x, parameters);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

export interface NormalizationOptions {
  /** Added to the variance before its root is taken. */
  readonly epsilon: number;
  readonly relu: boolean;
}

function inOrder({ scale, offset, mean, variance }: BatchNormInputs): readonly Tensor[] {
  return [scale, offset, mean, variance];
}

function normalizationAttributes({ epsilon, relu }: NormalizationOptions): Attributes {
  return { epsilon: { float: epsilon }, relu: { bool: relu } };
}

/**
 * `EspalierBatchNormGrad`: the gradients of `batchNorm` by the batch's own statistics.
 *
 * @param gradient of x's type and shape, with respect to the result
 * @returns a node with the outputs bfloat16 [n, h, w, c], of x, and float32 [c] of scale and of offset
 */
export function batchNormGradient(
  graph: GraphBuilder,
  gradient: Tensor,
  x: Tensor,
  inputs: BatchNormInputs,
  options: NormalizationOptions,
): GraphNode {
  const parameters = inOrder(inputs);
  return graph.addNode("EspalierBatchNormGrad", {
    inputs: [gradient, x, ...parameters],
    attributes: normalizationAttributes(options),
    outputs: (check) => {
      check.dtype("input", x, "bfloat16");
      check.sameDType("gradient and input", gradient, x);
      const shape = check.sameShape("gradient and input", gradient, x);
      const ofParameter = { dtype: "float32", shape: [checkChannels(check, x, parameters)] } as const;
      return [{ dtype: x.dtype, shape }, ofParameter, ofParameter];
    },
  });
}

/**
 * `EspalierProjectiveTransform`: what `projectiveTransform` gives of bytes, to the bit, without widening them first.
 *
 * @param images uint8 [n, height, width, channels]
 * @param transforms float32 [n, 8], the last two of them zeros
 * @returns float32 of the images' shape
 */
export function projectiveTransformOfBytes(
  graph: GraphBuilder,
  images: Tensor,
  transforms: Tensor,
  fillMode: FillMode,
): Tensor {
  return graph.add("EspalierProjectiveTransform", {
    inputs: [images, transforms],
    attributes: { fill_mode: { text: fillMode } },
    outputs: (check) => {
      check.dtype("images", images, "uint8");
      const [count] = check.rank("images", images, 4);
      checkTransforms(check, count, transforms);
      return [{ dtype: "float32", shape: images.shape }];
    },
  });
}

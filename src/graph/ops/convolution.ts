import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { EIGEN_KERNEL_GRADIENT } from "../library-functions.js";
import type { ShapeCheck, Size } from "../shape-check.js";
import { type DType, formatShape, type Shape } from "../tensor-spec.js";

/**
 * Zeros around an image. SAME: as many as needed for an output of the input's size divided by the stride, rounded up;
 * an odd one at the bottom and right. VALID: none. A number: that many on every side (EXPLICIT), as in PyTorch.
 */
export type Padding = "SAME" | "VALID" | number;

export interface ConvolutionOptions {
  /** Rows and columns that the kernel moves at a time. Default 1. */
  readonly stride?: number;
  /** Default SAME. */
  readonly padding?: Padding;
}

/** The sizes that decide how long a convolution takes for an image. */
export interface ConvolutionSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  /** Height and width of the kernel. */
  readonly kernelSize: number;
  readonly stride: number;
}

/** One name for equal sizes, such as "3x3, 224x224x64 -> 64". */
export function convolutionName(size: ConvolutionSize): string {
  const { height, width, channels, filters, kernelSize, stride } = size;
  const step = stride === 1 ? "" : `, stride ${stride}`;
  return `${kernelSize}x${kernelSize}, ${height}x${width}x${channels} -> ${filters}${step}`;
}

/** `Conv2D`: images [n, h, w, cIn] with kernel [kh, kw, cIn, cOut] -> [n, h', w', cOut]. */
export function conv2D(
  graph: GraphBuilder,
  input: Tensor,
  kernel: Tensor,
  options: ConvolutionOptions = {},
): Tensor {
  return graph.add("Conv2D", {
    inputs: [input, kernel],
    attributes: attributes(input.dtype, options),
    outputs: (check) => {
      check.floating("input", input);
      check.sameDType("input and kernel", input, kernel);
      const [images, ...size] = check.rank("input", input, 4);
      const [kernelHeight, kernelWidth, channels, filters] = check.rank("kernel", kernel, 4);
      check.sameSize("channels of input and kernel", size[2], channels);
      const { stride = 1, padding = "SAME" } = options;
      const height = windowCount(check, size[0], kernelHeight, stride, padding);
      const width = windowCount(check, size[1], kernelWidth, stride, padding);
      return [{ dtype: input.dtype, shape: [images, height, width, filters] }];
    },
  });
}

/**
 * `Conv2DBackpropInput`: the gradient with respect to a convolution's images.
 *
 * @param inputSizes int32 [4]: the shape of the images at run time
 * @param inputShape the same, as far as it is known while building
 */
export function conv2DBackpropInput(
  graph: GraphBuilder,
  inputSizes: Tensor,
  inputShape: Shape,
  kernel: Tensor,
  gradient: Tensor,
  options: ConvolutionOptions = {},
): Tensor {
  return graph.add("Conv2DBackpropInput", {
    inputs: [inputSizes, kernel, gradient],
    attributes: attributes(kernel.dtype, options),
    outputs: (check) => {
      check.dtype("input sizes", inputSizes, "int32");
      check.sameDType("kernel and gradient", kernel, gradient);
      const [, , channels, filters] = check.rank("kernel", kernel, 4);
      const [, , , gradientChannels] = check.rank("gradient", gradient, 4);
      check.sameSize("filters of kernel and gradient", filters, gradientChannels);
      check.require(inputShape.length === 4, "an input shape of rank 4", formatShape(inputShape));
      check.sameSize("channels of input and kernel", inputShape[3] ?? null, channels);
      return [{ dtype: kernel.dtype, shape: inputShape }];
    },
  });
}

/**
 * `Conv2DBackpropFilter`: the gradient with respect to a convolution's kernel. Eigen computes it where the graph's
 * `eigenKernelGradients` name the convolution and it is float32.
 *
 * @param kernelSizes int32 [4]: the kernel's shape
 * @param kernelShape the same, known while building
 */
export function conv2DBackpropFilter(
  graph: GraphBuilder,
  input: Tensor,
  kernelSizes: Tensor,
  kernelShape: Shape,
  gradient: Tensor,
  options: ConvolutionOptions = {},
): Tensor {
  const byEigen = input.dtype === "float32" && namesKernelGradient(graph, input, kernelShape, options);
  return graph.add(byEigen ? EIGEN_KERNEL_GRADIENT : "Conv2DBackpropFilter", {
    inputs: [input, kernelSizes, gradient],
    attributes: byEigen ? functionAttributes(options) : attributes(input.dtype, options),
    outputs: (check) => {
      check.dtype("kernel sizes", kernelSizes, "int32");
      check.sameDType("input and gradient", input, gradient);
      const [, , , channels] = check.rank("input", input, 4);
      const [, , , filters] = check.rank("gradient", gradient, 4);
      check.require(kernelShape.length === 4, "a kernel shape of rank 4", formatShape(kernelShape));
      check.sameSize("channels of input and kernel", channels, kernelShape[2] ?? null);
      check.sameSize("filters of kernel and gradient", kernelShape[3] ?? null, filters);
      return [{ dtype: input.dtype, shape: kernelShape }];
    },
  });
}

function namesKernelGradient(
  graph: GraphBuilder,
  { shape: [, height, width, channels] }: Tensor,
  [kernelSize, , , filters]: Shape,
  { stride = 1 }: ConvolutionOptions,
): boolean {
  if (!height || !width || !channels || !kernelSize || !filters) return false;
  const size = { height, width, channels, filters, kernelSize, stride };
  return graph.eigenKernelGradients.has(convolutionName(size));
}

/** A function has its types, and no default attributes. */
function functionAttributes(options: ConvolutionOptions): Attributes {
  const { T: _type, ...others } = attributes("float32", options);
  return { explicit_paddings: { ints: [] }, ...others };
}

function attributes(dtype: DType, { stride = 1, padding = "SAME" }: ConvolutionOptions): Attributes {
  return {
    T: { type: dtype },
    strides: { ints: [1, stride, stride, 1] },
    ...paddingAttributes(padding),
    data_format: { text: "NHWC" },
  };
}

/** The attributes `padding` and, for a number, `explicit_paddings`, of images in NHWC. */
export function paddingAttributes(padding: Padding): Attributes {
  if (typeof padding !== "number") return { padding: { text: padding } };
  const sides = [padding, padding];
  return { padding: { text: "EXPLICIT" }, explicit_paddings: { ints: [0, 0, ...sides, ...sides, 0, 0] } };
}

/** The number of windows along an axis, which is the size of the output there. */
export function windowCount(
  check: ShapeCheck,
  size: Size,
  window: Size,
  stride: number,
  padding: Padding,
): Size {
  if (size === null || window === null) return null;
  const padded = size + 2 * (typeof padding === "number" ? padding : 0);
  const count = padding === "SAME" ? Math.ceil(size / stride) : Math.floor((padded - window) / stride) + 1;
  check.require(count >= 1, `an image of at least ${window} pixels a side`, `${padded}`);
  return count;
}

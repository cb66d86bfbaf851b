import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { DType } from "../tensor-spec.js";
import { cast } from "./array.js";
import { constant, float32 } from "./constants.js";
import { paddingAttributes, windowCount } from "./convolution.js";

/** How a pooling moves over an image. */
export interface PoolingWindow {
  /** Height and width of the window. */
  readonly window: number;
  /** Pixels that the window moves at a time. */
  readonly stride: number;
  /** Pixels around the image that are never the greatest: 0 or, as in PyTorch, at most half the window. */
  readonly padding: number;
}

/** The number of windows along an axis; the rest that fills no window is dropped. */
export function windowCountOf(size: number, { window, stride, padding }: PoolingWindow): number {
  return Math.floor((size + 2 * padding - window) / stride) + 1;
}

/** `MaxPool`: the greatest value of each window. */
export function maxPool(graph: GraphBuilder, input: Tensor, pooling: PoolingWindow): Tensor {
  const { window, stride, padding } = pooling;
  return graph.add("MaxPool", {
    inputs: [input],
    attributes: attributes(input.dtype, pooling),
    outputs: (check) => {
      check.floating("input", input);
      check.require(padding <= window / 2, "a padding of at most half the window", `${padding}`);
      const [images, height, width, channels] = check.rank("input", input, 4);
      const rule = padding === 0 ? "VALID" : padding;
      const size = [height, width].map((axis) => windowCount(check, axis, window, stride, rule));
      return [{ dtype: input.dtype, shape: [images, ...size, channels] }];
    },
  });
}

/**
 * The same as `maxPool` in two operations: TensorFlow Lite has no `MaxPool` with explicit padding, which it would need
 * for the padding of PyTorch.
 */
export function maxPoolOfPadded(graph: GraphBuilder, input: Tensor, pooling: PoolingWindow): Tensor {
  const { padding } = pooling;
  if (padding === 0) return maxPool(graph, input, pooling);
  return maxPool(graph, padPixels(graph, input, padding), { ...pooling, padding: 0 });
}

/** `PadV2`: adds pixels around images [n, h, w, c] that are lower than any other. */
function padPixels(graph: GraphBuilder, input: Tensor, padding: number): Tensor {
  const { dtype } = input;
  const widths = Int32Array.of(0, 0, padding, padding, padding, padding, 0, 0);
  const paddings = constant(graph, "PadV2/paddings", {
    dtype: "int32",
    shape: [4, 2],
    content: new Uint8Array(widths.buffer),
  });
  const lowest = cast(graph, float32(graph, Number.NEGATIVE_INFINITY, "PadV2/value"), dtype);
  return graph.add("PadV2", {
    inputs: [input, paddings, lowest],
    attributes: { T: { type: dtype }, Tpaddings: { type: "int32" } },
    outputs: (check) => {
      check.floating("input", input);
      const [images, height, width, channels] = check.rank("input", input, 4);
      const size = [height, width].map((axis) => (axis === null ? null : axis + 2 * padding));
      return [{ dtype, shape: [images, ...size, channels] }];
    },
  });
}

/** `MaxPoolGrad`: hands each window's gradient to the element that was greatest. */
export function maxPoolGradient(
  graph: GraphBuilder,
  input: Tensor,
  output: Tensor,
  gradient: Tensor,
  pooling: PoolingWindow,
): Tensor {
  return graph.add("MaxPoolGrad", {
    inputs: [input, output, gradient],
    attributes: attributes(input.dtype, pooling),
    outputs: (check) => {
      check.sameDType("input and gradient", input, gradient);
      check.sameShape("output and gradient", output, gradient);
      return [{ dtype: input.dtype, shape: input.shape }];
    },
  });
}

function attributes(dtype: DType, { window, stride, padding }: PoolingWindow): Attributes {
  return {
    T: { type: dtype },
    ksize: { ints: [1, window, window, 1] },
    strides: { ints: [1, stride, stride, 1] },
    ...paddingAttributes(padding === 0 ? "VALID" : padding),
    data_format: { text: "NHWC" },
  };
}

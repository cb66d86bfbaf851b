import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { DType } from "../tensor-spec.js";
import { windowCount } from "./convolution.js";

/** `MaxPool`: the greatest value of each window, which also is the stride; odd rests are dropped. */
export function maxPool(graph: GraphBuilder, input: Tensor, window: number): Tensor {
  return graph.add("MaxPool", {
    inputs: [input],
    attributes: attributes(input.dtype, window),
    outputs: (check) => {
      check.floating("input", input);
      const [pictures, height, width, channels] = check.rank("input", input, 4);
      const size = [height, width].map((axis) => windowCount(check, axis, window, window, "VALID"));
      return [{ dtype: input.dtype, shape: [pictures, ...size, channels] }];
    },
  });
}

/** `MaxPoolGrad`: hands each window's gradient to the element that was greatest. */
export function maxPoolGradient(
  graph: GraphBuilder,
  input: Tensor,
  output: Tensor,
  gradient: Tensor,
  window: number,
): Tensor {
  return graph.add("MaxPoolGrad", {
    inputs: [input, output, gradient],
    attributes: attributes(input.dtype, window),
    outputs: (check) => {
      check.sameDType("input and gradient", input, gradient);
      check.sameShape("output and gradient", output, gradient);
      return [{ dtype: input.dtype, shape: input.shape }];
    },
  });
}

function attributes(dtype: DType, window: number): Attributes {
  return {
    T: { type: dtype },
    ksize: { ints: [1, window, window, 1] },
    strides: { ints: [1, window, window, 1] },
    padding: { text: "VALID" },
    data_format: { text: "NHWC" },
  };
}

import type { Attributes } from "../attribute-value.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import type { DType, Shape } from "../tensor-spec.js";
import { int32Vector } from "./constants.js";

/** Both ends of all four axes are open, so that begin and end have no effect. */
const ALL_AXES = 0b1111;

/** `StridedSlice`: every `stride`-th row and column of images [n, h, w, c], from the first: [n, h / stride, w / stride, c]. */
export function subsample(graph: GraphBuilder, images: Tensor, stride: number): Tensor {
  const ends = int32Vector(graph, [0, 0, 0, 0], "StridedSlice/ends");
  const strides = int32Vector(graph, [1, stride, stride, 1], "StridedSlice/strides");
  return graph.add("StridedSlice", {
    inputs: [images, ends, ends, strides],
    attributes: attributes(images.dtype),
    outputs: (check) => {
      const [count = null, height, width, channels = null] = check.rank("images", images, 4);
      const left = (size: number | null | undefined) => (size == null ? null : Math.ceil(size / stride));
      return [{ dtype: images.dtype, shape: [count, left(height), left(width), channels] }];
    },
  });
}

/** Whether a `StridedSlice` was made by `subsample`. */
export function isSubsampling({ attributes: { begin_mask } }: GraphNode): boolean {
  return begin_mask !== undefined && "int" in begin_mask && begin_mask.int === ALL_AXES;
}

/**
 * `StridedSliceGrad`: the gradient with respect to the images of `subsample`, zero where no pixel was taken.
 *
 * @param sizes int32 [4]: the shape of the images at run time
 * @param shape the same, as far as it is known while building
 * @param strides int32 [4], as for the slice
 */
export function subsampleGradient(
  graph: GraphBuilder,
  sizes: Tensor,
  shape: Shape,
  strides: Tensor,
  gradient: Tensor,
): Tensor {
  const ends = int32Vector(graph, [0, 0, 0, 0], "StridedSliceGrad/ends");
  return graph.add("StridedSliceGrad", {
    inputs: [sizes, ends, ends, strides, gradient],
    attributes: attributes(gradient.dtype),
    outputs: (check) => {
      check.dtype("sizes", sizes, "int32");
      check.rank("gradient", gradient, 4);
      return [{ dtype: gradient.dtype, shape }];
    },
  });
}

function attributes(dtype: DType): Attributes {
  return {
    T: { type: dtype },
    Index: { type: "int32" },
    begin_mask: { int: ALL_AXES },
    end_mask: { int: ALL_AXES },
  };
}

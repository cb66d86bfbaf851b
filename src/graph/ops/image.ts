import type { FillMode } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { ShapeCheck, Size } from "../shape-check.js";
import { elementCount } from "../tensor-spec.js";
import { reshape } from "./array.js";
import { float32, int32Vector } from "./constants.js";

/**
 * `ImageProjectiveTransformV3`, bilinear: output pixel (x, y) is taken from the place
 * (a0 x + a1 y + a2, b0 x + b1 y + b2) of its image, both counted from the center of the first pixel.
 * Pixels of whole-number types are cut off, not rounded.
 *
 * @param images [n, height, width, channels]; the output is of the same size
 * @param transforms float32 [n, 8]: a0, a1, a2, b0, b1, b2 and two zeros
 * @param fillMode how the area beyond the edge is filled; CONSTANT fills it with 0
 */
export function projectiveTransform(
  graph: GraphBuilder,
  images: Tensor,
  transforms: Tensor,
  fillMode: FillMode,
): Tensor {
  const [, height = null, width = null] = images.shape;
  return graph.add("ImageProjectiveTransformV3", {
    inputs: [
      images,
      transforms,
      int32Vector(graph, [height ?? 0, width ?? 0], "ImageProjectiveTransformV3/output_shape"),
      float32(graph, 0, "ImageProjectiveTransformV3/fill_value"),
    ],
    attributes: {
      dtype: { type: images.dtype },
      interpolation: { text: "BILINEAR" },
      fill_mode: { text: fillMode },
    },
    outputs: (check) => {
      check.dtype("images", images, "float32", "uint8");
      const [count, knownHeight, knownWidth] = check.rank("images", images, 4);
      check.require(knownHeight !== null && knownWidth !== null, "images of a known size", "an open one");
      checkTransforms(check, count, transforms);
      return [{ dtype: images.dtype, shape: images.shape }];
    },
  });
}

/** Requires float32 [n, 8] of as many transforms as there are images. */
export function checkTransforms(check: ShapeCheck, imageCount: Size, transforms: Tensor): void {
  check.dtype("transforms", transforms, "float32");
  const [rows, columns] = check.rank("transforms", transforms, 2);
  check.sameSize("numbers of images and transforms", imageCount, rows);
  check.sameSize("numbers of a transform", columns, 8);
}

/**
 * Reverses one axis of images: 1 top to bottom, 2 left to right, 3 the channels.
 *
 * @param images [n, height, width, channels] of a known size
 */
export function reverseAxis(graph: GraphBuilder, images: Tensor, axis: 1 | 2 | 3): Tensor {
  const sizes = images.shape.slice(1).map((size) => size ?? 0);
  const length = sizes[axis - 1] ?? 0;
  // TensorFlow has a fast kernel that reverses the middle of three axes.
  const behind = elementCount(sizes.slice(axis));
  const middle = reshape(graph, images, int32Vector(graph, [-1, length, behind]), [null, length, behind]);
  return reshape(graph, reverseMiddle(graph, middle), int32Vector(graph, [-1, ...sizes]), images.shape);
}

/** `ReverseV2`: reverses the middle axis of [a, b, c]. */
function reverseMiddle(graph: GraphBuilder, x: Tensor): Tensor {
  return graph.add("ReverseV2", {
    inputs: [x, int32Vector(graph, [1], "ReverseV2/axis")],
    attributes: { T: { type: x.dtype }, Tidx: { type: "int32" } },
    outputs: (check) => {
      check.rank("input", x, 3);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

/** `Select`: row by row from a where bool condition [n] holds, else from b; a and b have one shape [n, …]. */
export function selectRows(graph: GraphBuilder, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return graph.add("Select", {
    inputs: [condition, a, b],
    attributes: { T: { type: a.dtype } },
    outputs: (check) => {
      check.dtype("condition", condition, "bool");
      check.sameDType("branches", a, b);
      const shape = check.sameShape("branches", a, b);
      check.sameSize("rows", check.rank("condition", condition, 1)[0], shape[0] ?? null);
      return [{ dtype: a.dtype, shape }];
    },
  });
}

/** `ClipByValue`: float32 x limited to the range between two numbers. */
export function clip(graph: GraphBuilder, x: Tensor, least: number, greatest: number): Tensor {
  return graph.add("ClipByValue", {
    inputs: [
      x,
      float32(graph, least, "ClipByValue/clip_value_min"),
      float32(graph, greatest, "ClipByValue/clip_value_max"),
    ],
    attributes: { T: { type: x.dtype } },
    outputs: (check) => {
      check.dtype("input", x, "float32");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });
}

import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { add } from "../ops/math.js";
import { unforeseenZero } from "../ops/random.js";

/**
 * Hides from TensorFlow that a value is constant. TensorFlow computes values that depend on constants alone while it
 * prepares a graph, finds most first values too large to keep, and computes them again when they are needed: for VGG19 with
 * Adam that doubled the time of `init` and left 1.2 GB that were never freed.
 *
 * @param constant float32 or int64
 */
export function computedLate(graph: GraphBuilder, constant: Tensor): Tensor {
  return add(graph, constant, cast(graph, unforeseenZero(graph), constant.dtype));
}

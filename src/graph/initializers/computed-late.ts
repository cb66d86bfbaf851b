import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { add } from "../ops/math.js";
import { unforeseenZero } from "../ops/random.js";

/**
 * A constant that TensorFlow does not see to be one. What follows from constants alone it computes
 * while it prepares a graph, to find most first values too large to be kept, and computes them again when they
 * are asked for: for VGG19 with Adam that doubled the time of `init` and left 1.2 GB that were never freed.
 *
 * @param constant float32 or int64
 */
export function computedLate(graph: GraphBuilder, constant: Tensor): Tensor {
  return add(graph, constant, cast(graph, unforeseenZero(graph), constant.dtype));
}

import type { Preprocessing } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { float32 } from "../ops/constants.js";
import { multiply } from "../ops/math.js";
import type { FloatType } from "../tensor-spec.js";

/**
 * From pixels to what the first layer takes; one path for training, evaluation and serving.
 *
 * @param images uint8 [n, size, size, 3]
 * @returns the same shape in the type that the network computes in
 */
export function preprocess(
  graph: GraphBuilder,
  images: Tensor,
  preprocessing: Preprocessing,
  computeType: FloatType,
): Tensor {
  const pixels = cast(graph, images, "float32");
  switch (preprocessing) {
    case "SCALE_0_1":
      return cast(graph, multiply(graph, pixels, float32(graph, 1 / 255)), computeType);
    default:
      throw new Error(`TODO ${preprocessing}`);
  }
}

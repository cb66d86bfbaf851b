import { float32, int32Vector, int64Vector } from "../ops/constants.js";
import { multiply } from "../ops/math.js";
import { truncatedNormal } from "../ops/random.js";
import { computedLate } from "./computed-late.js";
import { fansOf, type Initializer } from "./initializer.js";

/** Standard deviation that is left of a unit normal cut off at 2 deviations. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * Normal with variance 2 / fanIn, cut off at 2 deviations: keeps the size of activations through
 * layers of ReLU (He et al., 2015; Keras `he_normal`).
 */
export const heNormal: Initializer = (graph, shape, seed) => {
  const deviation = Math.sqrt(2 / fansOf(shape).fanIn) / TRUNCATED_DEVIATION;
  const normal = truncatedNormal(
    graph,
    int32Vector(graph, shape),
    shape,
    computedLate(graph, int64Vector(graph, seed)),
  );
  return multiply(graph, normal, float32(graph, deviation));
};

import { float32, int32Vector, int64Vector } from "../ops/constants.js";
import { multiply } from "../ops/math.js";
import { randomNormal, truncatedNormal } from "../ops/random.js";
import { computedLate } from "./computed-late.js";
import { fansOf, type Initializer } from "./initializer.js";

/** The standard deviation of a unit normal distribution that is cut off at 2 deviations. */
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

/**
 * Normal with variance 2 / fanOut: keeps the size of gradients (PyTorch `kaiming_normal_` with mode `fan_out`, by which
 * torchvision draws the convolutions of ResNets).
 */
export const heNormalByOutputs: Initializer = (graph, shape, seed) => {
  const deviation = Math.sqrt(2 / fansOf(shape).fanOut);
  const normal = randomNormal(
    graph,
    int32Vector(graph, shape),
    shape,
    computedLate(graph, int64Vector(graph, seed)),
  );
  return multiply(graph, normal, float32(graph, deviation));
};

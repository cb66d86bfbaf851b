import { float32, int32Vector, int64Vector } from "../ops/constants.js";
import { multiply, subtract } from "../ops/math.js";
import { randomUniform } from "../ops/random.js";
import { computedLate } from "./computed-late.js";
import { fansOf, type Initializer } from "./initializer.js";

/**
 * Uniform in ±sqrt(6 / (fanIn + fanOut)): keeps the size of values through linear layers (Glorot and
 * Bengio, 2010; Keras `glorot_uniform`).
 */
export const glorotUniform: Initializer = (graph, shape, seed) => {
  const { fanIn, fanOut } = fansOf(shape);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const unit = randomUniform(
    graph,
    int32Vector(graph, shape),
    shape,
    computedLate(graph, int64Vector(graph, seed)),
  );
  return subtract(graph, multiply(graph, unit, float32(graph, 2 * limit)), float32(graph, limit));
};

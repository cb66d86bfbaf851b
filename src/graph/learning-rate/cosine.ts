import { float32 } from "../ops/constants.js";
import { add, cosine, divide, minimum, multiply } from "../ops/math.js";
import type { Schedule } from "./schedule.js";

/**
 * Half a cosine from `initial` down to `minimum`, and `minimum` from then on (Loshchilov and Hutter,
 * 2017, without restarts): minimum + (initial - minimum) * (1 + cos(pi * step / decaySteps)) / 2.
 */
export const cosineRate: Schedule<"cosine"> = (graph, learningRate, step, { decaySteps }) => {
  const last = float32(graph, decaySteps);
  const fraction = divide(graph, minimum(graph, step, last), last);
  const wave = cosine(graph, multiply(graph, float32(graph, Math.PI), fraction));
  const amplitude = float32(graph, (learningRate.initial - learningRate.minimum) / 2);
  const falling = multiply(graph, amplitude, add(graph, wave, float32(graph, 1)));
  return add(graph, falling, float32(graph, learningRate.minimum));
};

import { float32 } from "../ops/constants.js";
import { divide, floor, multiply, power } from "../ops/math.js";
import type { Schedule } from "./schedule.js";

/**
 * initial * decayRate^(step / steps of decayEpochs), as Keras's `ExponentialDecay`; a staircase rounds
 * the exponent down, so that the rate drops at the end of every `decayEpochs`.
 */
export const exponentialDecay: Schedule<"exponentialDecay" | "step"> = (
  graph,
  { initial, decayEpochs, decayRate, staircase },
  step,
  { stepsPerEpoch },
) => {
  const decays = divide(graph, step, float32(graph, decayEpochs * stepsPerEpoch));
  const exponent = staircase ? floor(graph, decays) : decays;
  return multiply(graph, float32(graph, initial), power(graph, float32(graph, decayRate), exponent));
};

import { fill } from "../ops/array.js";
import { float32 } from "../ops/constants.js";
import { computedLate } from "./computed-late.js";
import type { Initializer } from "./initializer.js";

export const zeros: Initializer = constantValue(0);

export const ones: Initializer = constantValue(1);

/** The same value everywhere. */
export function constantValue(value: number): Initializer {
  return (graph, shape) => fill(graph, shape, computedLate(graph, float32(graph, value)));
}

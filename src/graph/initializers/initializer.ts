import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { elementCount } from "../tensor-spec.js";

/** A stateless seed: equal seeds give equal numbers, in any process. */
export type Seed = readonly [number, number];

/** Adds the nodes that compute a variable's first value, float32 of the given shape. */
export type Initializer = (graph: GraphBuilder, shape: readonly number[], seed: Seed) => Tensor;

/**
 * How many inputs feed one unit of a kernel, and how many units one input feeds. Kernels are
 * [inputs, units] or [height, width, channels, filters].
 */
export function fansOf(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const receptiveField = elementCount(shape.slice(0, -2));
  return { fanIn: receptiveField * (shape.at(-2) ?? 1), fanOut: receptiveField * (shape.at(-1) ?? 1) };
}

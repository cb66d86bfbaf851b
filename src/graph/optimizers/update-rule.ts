import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { zeros } from "../initializers/constant-value.js";
import type { Variable, Variables } from "../variables.js";

/** The inputs of every optimizer. */
export interface OptimizerContext {
  readonly graph: GraphBuilder;
  readonly variables: Variables;
  /** float32 []. */
  readonly learningRate: Tensor;
  /** float32 []: the number of updates before this one. */
  readonly step: Tensor;
}

/**
 * Adds the nodes that change one variable by its gradient, float32 of the variable's shape.
 *
 * @param after nodes that must have run first, because they still read the old value
 */
export type UpdateRule = (variable: Variable, gradient: Tensor, after: readonly GraphNode[]) => GraphNode;

/** A value that an optimizer keeps for each element of a variable, 0 at first. */
export function createSlot({ variables }: OptimizerContext, variable: Variable, role: string): Variable {
  const name = `${variable.name}/${role}`;
  return variables.create({ name, shape: variable.shape, trainable: false, initializer: zeros });
}

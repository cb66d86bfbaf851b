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

/** An optimizer with its settings. */
export interface OptimizerRule {
  /** Number of values that it keeps for each element of a variable. */
  readonly slotCount: number;
  /** Adds the nodes that the updates of all variables share. */
  begin(context: OptimizerContext): UpdateRule;
}

/**
 * An optimizer that keeps values for each element of a variable, 0 at first.
 *
 * @param roles names of these values, which end the names of their variables
 */
export function ruleWithSlots<const Role extends string>(
  roles: readonly Role[],
  begin: (
    context: OptimizerContext,
  ) => (
    variable: Variable,
    slots: Readonly<Record<Role, Variable>>,
    gradient: Tensor,
    after: readonly GraphNode[],
  ) => GraphNode,
): OptimizerRule {
  return {
    slotCount: roles.length,
    begin: (context) => {
      const update = begin(context);
      return (variable, gradient, after) => {
        const slots = roles.map((role) => [role, createSlot(context, variable, role)]);
        return update(variable, Object.fromEntries(slots) as Record<Role, Variable>, gradient, after);
      };
    },
  };
}

function createSlot({ variables }: OptimizerContext, variable: Variable, role: string): Variable {
  const name = `${variable.name}/${role}`;
  return variables.create({ name, shape: variable.shape, trainable: false, initializer: zeros });
}

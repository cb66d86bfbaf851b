import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { type DType, formatShape, type Shape } from "../tensor-spec.js";

/** `VarHandleOp`: refers to the variable that the session keeps under this name. */
export function variableHandle(graph: GraphBuilder, name: string, dtype: DType, shape: Shape): Tensor {
  return graph.add("VarHandleOp", {
    name,
    attributes: {
      dtype: { type: dtype },
      shape: { shape },
      shared_name: { text: name },
      container: { text: "" },
    },
    outputs: () => [{ dtype: "resource", shape: [] }],
  });
}

export interface HeldType {
  readonly dtype: DType;
  readonly shape: Shape;
}

interface PlacementOptions {
  readonly name?: string | undefined;
  readonly after?: readonly GraphNode[] | undefined;
}

/** `ReadVariableOp`: the value at that moment; later updates leave it as it is. */
export function readVariable(
  graph: GraphBuilder,
  handle: Tensor,
  { dtype, shape }: HeldType,
  { name, after }: PlacementOptions = {},
): Tensor {
  return graph.add("ReadVariableOp", {
    name,
    after,
    inputs: [handle],
    attributes: { dtype: { type: dtype } },
    outputs: (check) => {
      check.dtype("handle", handle, "resource");
      return [{ dtype, shape }];
    },
  });
}

/**
 * `AssignVariableOp`. The variable may take over the value's memory, so a fed tensor must never
 * come here directly: the caller's buffer would change with the weights.
 */
export function assignVariable(
  graph: GraphBuilder,
  handle: Tensor,
  held: HeldType,
  value: Tensor,
  { name, after }: PlacementOptions = {},
): GraphNode {
  return graph.addNode("AssignVariableOp", {
    name,
    after,
    inputs: [handle, value],
    attributes: { dtype: { type: held.dtype } },
    outputs: (check) => {
      check.dtype("handle", handle, "resource");
      check.dtype("value", value, held.dtype);
      check.require(value.node.op !== "Placeholder", "a computed value", `the fed tensor "${value.name}"`);
      const received = formatShape(value.shape);
      const fits =
        value.shape.length === held.shape.length &&
        value.shape.every((size, axis) => size === null || size === held.shape[axis]);
      check.require(fits, `a value of shape ${formatShape(held.shape)}`, received);
      return [];
    },
  });
}

/** `AssignAddVariableOp`. */
export function assignAddVariable(
  graph: GraphBuilder,
  handle: Tensor,
  held: HeldType,
  value: Tensor,
  { name, after }: PlacementOptions = {},
): GraphNode {
  return graph.addNode("AssignAddVariableOp", {
    name,
    after,
    inputs: [handle, value],
    attributes: { dtype: { type: held.dtype } },
    outputs: (check) => {
      check.dtype("handle", handle, "resource");
      check.dtype("value", value, held.dtype);
      return [];
    },
  });
}

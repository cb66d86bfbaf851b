import { GraphBuilder } from "../../graph/graph-builder.js";
import { specOf } from "../../graph/graph-node.js";
import { zeros } from "../../graph/initializers/constant-value.js";
import { deepCopy } from "../../graph/ops/array.js";
import { placeholder } from "../../graph/ops/constants.js";
import { assignVariable } from "../../graph/ops/variables.js";
import { completeGraph } from "../../graph/saved-model/complete-graph.js";
import { doneAfter } from "../../graph/saved-model/persistence.js";
import type { SavedModelGraph, Signature } from "../../graph/saved-model/signature.js";
import { elementCount, type TensorSpec } from "../../graph/tensor-spec.js";
import { type Variable, Variables } from "../../graph/variables.js";

/** A variable whose value comes from a file. */
export interface AssignedVariable {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The most elements, 4 MB of them, of the variables that one signature assigns. A larger variable is alone in its group. */
const MAX_GROUP_ELEMENTS = 1024 * 1024;

/** A graph that gives variables their values. */
export interface AssignmentGraph {
  readonly graph: SavedModelGraph;
  /** The variables that each signature takes, by the signature's name and in their order. */
  readonly groups: ReadonlyMap<string, readonly AssignedVariable[]>;
}

/**
 * Builds a graph that holds float32 variables and computes nothing, to write a checkpoint of values from a file. A
 * signature takes the values of a group of variables, by their names, and gives `done`: one signature for all variables
 * would need all values in memory, and one for each would take long, because TensorFlow prepares every signature. The
 * graph has `init`, `save` and `restore` too.
 */
export function buildAssignmentGraph(variables: readonly AssignedVariable[]): AssignmentGraph {
  const graph = new GraphBuilder();
  const held = new Variables(graph, 0);
  for (const { name, shape } of variables) held.create({ name, shape, trainable: false, initializer: zeros });
  const groups = new Map(groupsOf(variables).map((group, index) => [`assign/${index}`, group] as const));
  const signatures = Object.fromEntries(
    Array.from(groups, ([signature, group]) => [
      signature,
      graph.scope(signature, () =>
        assignmentSignature(
          graph,
          group.map(({ name }) => held.get(name)),
        ),
      ),
    ]),
  );
  return { graph: completeGraph(graph, signatures, held.all), groups };
}

function groupsOf(variables: readonly AssignedVariable[]): AssignedVariable[][] {
  const groups: AssignedVariable[][] = [];
  let elements = Number.POSITIVE_INFINITY;
  for (const variable of variables) {
    const own = elementCount(variable.shape);
    if (elements + own > MAX_GROUP_ELEMENTS) {
      groups.push([]);
      elements = 0;
    }
    elements += own;
    groups.at(-1)?.push(variable);
  }
  return groups;
}

function assignmentSignature(graph: GraphBuilder, variables: readonly Variable[]): Signature {
  const inputs: Record<string, TensorSpec> = {};
  const assignments = variables.map((variable) =>
    graph.scope(variable.name, () => {
      const value = placeholder(graph, "value", variable.dtype, variable.shape);
      inputs[variable.name] = specOf(value);
      // The copy keeps the variable apart from the memory of the caller.
      return assignVariable(graph, variable.handle, variable, deepCopy(graph, value));
    }),
  );
  const done = doneAfter(graph, "done", graph.addNode("NoOp", { after: assignments }));
  return { inputs, outputs: { done: specOf(done) } };
}

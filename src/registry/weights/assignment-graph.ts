import { GraphBuilder } from "../../graph/graph-builder.js";
import { specOf } from "../../graph/graph-node.js";
import { zeros } from "../../graph/initializers/constant-value.js";
import { deepCopy } from "../../graph/ops/array.js";
import { placeholder } from "../../graph/ops/constants.js";
import { assignVariable } from "../../graph/ops/variables.js";
import { completeGraph } from "../../graph/saved-model/complete-graph.js";
import { doneAfter } from "../../graph/saved-model/persistence.js";
import type { SavedModelGraph, Signature, SignatureTable } from "../../graph/saved-model/signature.js";
import { type Variable, Variables } from "../../graph/variables.js";

/** The signature that gives a variable its value. */
export function assignmentOf(variable: string): string {
  return `assign/${variable}`;
}

/**
 * A graph that holds float32 variables and computes nothing, to write a checkpoint of values from
 * elsewhere: for every variable a signature `assign/<name>`, `value` -> `done`, so that only one value
 * is on its way at a time; and `init`, `save`, `restore`.
 */
export function buildAssignmentGraph(
  variables: readonly { readonly name: string; readonly shape: readonly number[] }[],
): SavedModelGraph {
  const graph = new GraphBuilder();
  const held = new Variables(graph, 0);
  for (const { name, shape } of variables) held.create({ name, shape, trainable: false, initializer: zeros });
  const assignments: SignatureTable = Object.fromEntries(
    held.all.map((variable) => [assignmentOf(variable.name), assignmentSignature(graph, variable)]),
  );
  return completeGraph(graph, assignments, held.all);
}

function assignmentSignature(graph: GraphBuilder, variable: Variable): Signature {
  return graph.scope(assignmentOf(variable.name), () => {
    const value = placeholder(graph, "value", variable.dtype, variable.shape);
    // The copy keeps the variable apart from the memory of whoever feeds it.
    const assigned = assignVariable(graph, variable.handle, variable, deepCopy(graph, value));
    return {
      inputs: { value: specOf(value) },
      outputs: { done: specOf(doneAfter(graph, "done", assigned)) },
    };
  });
}

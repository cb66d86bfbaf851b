import type { GraphBuilder } from "../graph-builder.js";
import type { Variable } from "../variables.js";
import { addPersistence } from "./persistence.js";
import { encodeSavedModel } from "./saved-model.js";
import type { SavedModelGraph, SignatureTable } from "./signature.js";

/**
 * Encodes a graph, and adds `init`, `save` and `restore` where it has variables.
 *
 * @param published names of the signatures that other programs find in the SavedModel; by default all. The engine calls
 *   every signature of the result, since it names tensors and not signatures
 */
export function completeGraph(
  graph: GraphBuilder,
  signatures: SignatureTable,
  variables: readonly Variable[] = [],
  published: readonly string[] | null = null,
): SavedModelGraph {
  const persistence = variables.length === 0 ? null : addPersistence(graph, variables);
  const table = { ...signatures, ...persistence?.signatures };
  const saved = variables.filter(({ transient }) => !transient);
  return {
    bytes: encodeSavedModel({
      nodes: graph.nodes,
      signatures: published === null ? table : pick(table, published),
      saver: persistence?.saver ?? null,
      variables: saved,
    }),
    signatures: table,
    variables: saved.map(({ name, dtype, shape, trainable }) => ({ name, dtype, shape, trainable })),
  };
}

function pick(table: SignatureTable, names: readonly string[]): SignatureTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => names.includes(name)));
}

import type { GraphBuilder } from "../graph-builder.js";
import { type GraphNode, specOf, type Tensor } from "../graph-node.js";
import { identity } from "../ops/array.js";
import { restoreTensors, saveTensors } from "../ops/checkpoint.js";
import { int32, placeholder } from "../ops/constants.js";
import { assignVariable } from "../ops/variables.js";
import type { Variable } from "../variables.js";
import type { Saver } from "./saved-model.js";
import type { SignatureTable } from "./signature.js";

export interface Persistence {
  readonly saver: Saver;
  /** `init`, `save` and `restore`. */
  readonly signatures: SignatureTable;
}

/**
 * Adds what gives all variables their values: `init` computes the first ones, `save` writes the
 * current ones to the checkpoint files with the fed prefix, `restore` reads them back. Transient
 * variables are not saved; restoring gives them their first values.
 */
export function addPersistence(graph: GraphBuilder, all: readonly Variable[]): Persistence {
  const variables = all.filter(({ transient }) => !transient);
  const names = variables.map(({ name }) => name);
  const prefix = checkpointPrefix(graph);

  const save = graph.scope("save", () => {
    const values = variables.map(({ snapshot }) => snapshot);
    const written = saveTensors(graph, prefix, names, values);
    return identity(graph, prefix, { name: "prefix", after: [written] });
  });
  const restore = graph.scope("restore", () => {
    const restored = restoreVariables(graph, prefix, variables);
    const reset = all.filter(({ transient }) => transient).map(({ initialize }) => initialize);
    return graph.addNode("NoOp", { after: [...restored, ...reset] });
  });
  const initialized = graph.scope("init", () => {
    const assignments = all.map(({ initialize }) => initialize);
    return graph.addNode("NoOp", { after: assignments });
  });

  return {
    saver: { prefix, save, restore },
    signatures: {
      init: { inputs: {}, outputs: { done: specOf(doneAfter(graph, "init", initialized)) } },
      save: { inputs: { prefix: specOf(prefix) }, outputs: { prefix: specOf(save) } },
      restore: {
        inputs: { prefix: specOf(prefix) },
        outputs: { done: specOf(doneAfter(graph, "restore", restore)) },
      },
    },
  };
}

/** string []: fed with the prefix of the files of a checkpoint. */
export function checkpointPrefix(graph: GraphBuilder): Tensor {
  return graph.scope("checkpoint", () => placeholder(graph, "prefix", "string", []));
}

/** Adds the reading of variables from a checkpoint, which may hold more than these. */
export function restoreVariables(
  graph: GraphBuilder,
  prefix: Tensor,
  variables: readonly Variable[],
): readonly GraphNode[] {
  const names = variables.map(({ name }) => name);
  const values = restoreTensors(graph, prefix, names, variables);
  return variables.flatMap((variable, index) => {
    const value = values[index];
    return value === undefined ? [] : [assignVariable(graph, variable.handle, variable, value)];
  });
}

/** int32 [] 1, once a node has run: a value to fetch for a node without outputs. */
export function doneAfter(graph: GraphBuilder, scope: string, node: GraphNode): Tensor {
  return graph.scope(scope, () => identity(graph, int32(graph, 1), { name: "done", after: [node] }));
}

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
 * current ones to the checkpoint files with the fed prefix, `restore` reads them back.
 */
export function addPersistence(graph: GraphBuilder, variables: readonly Variable[]): Persistence {
  const names = variables.map(({ name }) => name);
  const prefix = graph.scope("checkpoint", () => placeholder(graph, "prefix", "string", []));

  const save = graph.scope("save", () => {
    const values = variables.map(({ snapshot }) => snapshot);
    const written = saveTensors(graph, prefix, names, values);
    return identity(graph, prefix, { name: "prefix", after: [written] });
  });
  const restore = graph.scope("restore", () => {
    const values = restoreTensors(graph, prefix, names, variables);
    const assignments = variables.flatMap((variable, index) => {
      const value = values[index];
      return value === undefined ? [] : [assignVariable(graph, variable.handle, variable, value)];
    });
    return graph.addNode("NoOp", { after: assignments });
  });
  const initialized = graph.scope("init", () => {
    const assignments = variables.map(({ initialize }) => initialize);
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

/** int32 [] 1, once a node has run: something to fetch of what gives nothing. */
export function doneAfter(graph: GraphBuilder, scope: string, node: GraphNode): Tensor {
  return graph.scope(scope, () => identity(graph, int32(graph, 1), { name: "done", after: [node] }));
}

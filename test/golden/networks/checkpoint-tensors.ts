import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { specOf } from "../../../src/graph/graph-node.js";
import { identity } from "../../../src/graph/ops/array.js";
import { restoreTensors, saveTensors } from "../../../src/graph/ops/checkpoint.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { encodeSavedModel, type Saver } from "../../../src/graph/saved-model/saved-model.js";
import type {
  SavedModelGraph,
  SignatureTable,
  VariableInfo,
} from "../../../src/graph/saved-model/signature.js";

/**
 * Writes and reads checkpoints by graphs without variables: `SaveV2` of fed tensors and `RestoreV2` into fetched
 * ones. Values reach a network as in the product, through `restoreCheckpoint`, and no variable can alias an array
 * of the test.
 */

/** The files' prefix that `restoreCheckpoint` and a SavedModel's `variables/` expect. */
const PREFIX = "variables";

/** Writes a checkpoint folder that `restoreCheckpoint` takes. The arrays are handed over, see `Session.run`. */
export async function writeCheckpoint(
  host: EngineHost,
  folder: string,
  tensors: ReadonlyMap<string, TensorValue>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = [...tensors.keys()];
  const graph = new GraphBuilder();
  const prefix = placeholder(graph, "prefix", "string", []);
  const fed = [...tensors].map(([name, { dtype, shape }]) =>
    placeholder(graph, `${name}/value`, dtype, shape),
  );
  const written = identity(graph, prefix, { after: [saveTensors(graph, prefix, names, fed)] });
  const inputs = Object.fromEntries(fed.map((tensor, i) => [names[i]!, specOf(tensor)]));
  const write = { inputs: { prefix: specOf(prefix), ...inputs }, outputs: { written: specOf(written) } };

  await using session = await host.openGraph(model(graph, { prefix, save: written }, { write }));
  await session.run("write", { prefix: prefixIn(folder), ...Object.fromEntries(tensors) });
}

/** The float32 variables of a checkpoint, by name. */
export async function readCheckpoint(
  host: EngineHost,
  folder: string,
  variables: readonly VariableInfo[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const floats = variables.filter(({ dtype }) => dtype === "float32");
  const names = floats.map(({ name }) => name);
  const graph = new GraphBuilder();
  const prefix = placeholder(graph, "prefix", "string", []);
  const restored = restoreTensors(graph, prefix, names, floats);
  const outputs = Object.fromEntries(restored.map((tensor, i) => [names[i]!, specOf(tensor)]));
  const read = { inputs: { prefix: specOf(prefix) }, outputs };

  await using session = await host.openGraph(
    model(graph, { prefix, save: identity(graph, prefix) }, { read }),
  );
  const values = await session.run("read", { prefix: prefixIn(folder) });
  return new Map(names.map((name) => [name, values[name]!.data as Float32Array]));
}

function model(
  graph: GraphBuilder,
  saver: Omit<Saver, "restore">,
  signatures: SignatureTable,
): SavedModelGraph {
  // Nothing is restored on load: a SavedModel only asks for the name of a node.
  const restore = graph.addNode("NoOp", { name: "nothing_to_restore" });
  const content = { nodes: graph.nodes, signatures, saver: { ...saver, restore }, variables: [] };
  return { bytes: encodeSavedModel(content), signatures, variables: [] };
}

function prefixIn(folder: string): TensorValue {
  return { dtype: "string", shape: [], data: [path.join(folder, PREFIX)] };
}

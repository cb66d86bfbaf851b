import { saveCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { TensorValue } from "../../engine/engine-protocol.js";
import type { FolderDigest } from "../../engine/folder-digest.js";
import { type AssignedVariable, buildAssignmentGraph } from "./assignment-graph.js";

/**
 * Writes a checkpoint of float32 variables. They are read and assigned in groups, so that only the engine ever holds all
 * of them.
 *
 * @param read gives the elements of a variable; variables are read in their order
 */
export async function writeVariableCheckpoint<Variable extends AssignedVariable>(
  host: EngineHost,
  variables: readonly Variable[],
  read: (variable: Variable) => Promise<Float32Array>,
  folder: string,
): Promise<FolderDigest> {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  const { graph, groups } = buildAssignmentGraph(variables);
  await using session = await host.openGraph(graph);
  for (const [signature, group] of groups) {
    const values: Record<string, TensorValue> = {};
    for (const { name, shape } of group) {
      const variable = byName.get(name);
      if (variable !== undefined) values[name] = { dtype: "float32", shape, data: await read(variable) };
    }
    await session.run(signature, values);
  }
  // Awaited here: the session must outlive it.
  return await saveCheckpoint(session, folder);
}

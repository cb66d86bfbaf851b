import type { EngineHost } from "../../engine/engine-host.js";
import { type FoldedVariable, foldedVariables } from "../../graph/folding/folded-graph.js";
import { writeVariableCheckpoint } from "../../registry/weights/variable-checkpoint.js";
import { type ExportedNetwork, isWeighted, type WeightedLayer } from "./exported-network.js";

/** Writes the weights of a network as a checkpoint for the graph of the folded network. */
export async function writeFoldedCheckpoint(
  host: EngineHost,
  network: ExportedNetwork,
  folder: string,
): Promise<void> {
  const variables = network.layers.filter(isWeighted).flatMap((layer) => variablesOf(layer));
  // The bias of a layer is asked for after its kernel, with which it was computed.
  let bias: Float32Array<ArrayBuffer> = new Float32Array();
  const read = async ({ layer, role }: LayerVariable): Promise<Float32Array> => {
    if (role === "bias") return bias;
    const weights = await network.weightsOf(layer);
    bias = weights.bias;
    return weights.kernel;
  };
  await writeVariableCheckpoint(host, variables, read, folder);
}

interface LayerVariable extends FoldedVariable {
  readonly layer: WeightedLayer;
  readonly role: "kernel" | "bias";
}

function variablesOf(layer: WeightedLayer): readonly LayerVariable[] {
  return foldedVariables(layer).map((variable) => ({
    ...variable,
    layer,
    role: variable.name.endsWith("/bias") ? "bias" : "kernel",
  }));
}

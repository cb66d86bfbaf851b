import path from "node:path";
import type { TensorData, TensorValue } from "../../../src/engine/engine-protocol.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import type { SavedModelGraph } from "../../../src/graph/saved-model/signature.js";
import type { DType } from "../../../src/graph/tensor-spec.js";
import { type EngineWithFolder } from "../../testkit/engine.js";
import type { SmallNetworkGolden } from "../golden-file.js";
import { product, weight } from "../golden-formula.js";
import { writeCheckpoint } from "./checkpoint-tensors.js";

/** keras.applications.VGG19: no dropout, and images scaled to [0, 1] by the golden script too. */
export const VGG19: NetworkSpec = {
  architecture: "VGG19",
  batchNormalization: false,
  widthMultiplier: 1,
  imageSizePixels: 224,
  head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 1000,
  seed: 0,
};

export function smallNetwork({ network }: SmallNetworkGolden): NetworkSpec {
  const { architecture, batchNormalization, widthMultiplier, imageSizePixels, classCount } = network;
  return {
    ...{ architecture, batchNormalization, widthMultiplier, imageSizePixels, classCount },
    head: { kind: network.head, units: network.hiddenUnits, dropout: 0 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    seed: 0,
  };
}

/**
 * Writes a checkpoint of a graph: the formula's value for every variable of the network, and 0 for the optimizer's
 * slots and the step, as before the first step.
 *
 * @param formula `weight` or `exactWeight`
 * @returns its folder
 */
export async function writeFormulaCheckpoint(
  { host, folder }: EngineWithFolder,
  name: string,
  graph: SavedModelGraph,
  formula: typeof weight = weight,
): Promise<string> {
  const checkpoint = path.join(folder, name);
  const values = new Map<string, TensorValue>();
  for (const { name: variable, dtype, shape } of graph.variables) {
    const data = isOfNetwork(variable) ? formula(variable, shape) : zeros(dtype, shape);
    values.set(variable, { dtype, shape, data });
  }
  await writeCheckpoint(host, checkpoint, values);
  return checkpoint;
}

function zeros(dtype: DType, shape: readonly number[]): TensorData {
  return dtype === "int64" ? new BigInt64Array(product(shape)) : new Float32Array(product(shape));
}

/** "layer/kind" is a variable of the network, "layer/kind/adam_m" and "global_step" are of its training. */
export function isOfNetwork(variable: string): boolean {
  return variable.split("/").length === 2;
}

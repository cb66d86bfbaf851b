import { AppError } from "../core/app-error.js";
import type { Optimizer, RunConfiguration } from "../core/run-configuration.js";
import { layerTable } from "../graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../graph/architectures/network-spec.js";
import { elementCount } from "../graph/tensor-spec.js";

const GIB = 1024 ** 3;

/**
 * Bytes that training cannot do without: weights, gradients and the optimiser's slots in float32, and
 * the output of every convolution for a whole batch, which the way back needs. A step takes more.
 */
export function leastTrainingBytes(
  network: NetworkSpec,
  { batchSize, precision, optimizer }: RunConfiguration,
): number {
  const activations = layerTable(network)
    .filter(({ kind }) => kind === "Conv2D")
    .reduce((total, { outputShape }) => total + elementCount(outputShape), 0);
  const activationBytes = precision === "MIXED_BFLOAT16" ? 2 : 4;
  return countParameters(network) * 4 * (2 + slotsOf(optimizer)) + batchSize * activations * activationBytes;
}

/** Values that the optimiser keeps for each weight. */
function slotsOf(optimizer: Optimizer): number {
  if (optimizer.kind === "sgd") return optimizer.momentum > 0 ? 1 : 0;
  return 2;
}

/**
 * @param memoryBytes of the machine
 * @throws AppError `MEMORY_INSUFFICIENT` for a run that is certain to run out of memory
 */
export function checkMemory(
  network: NetworkSpec,
  configuration: RunConfiguration,
  memoryBytes: number,
): void {
  const needed = leastTrainingBytes(network, configuration);
  if (needed <= memoryBytes) return;
  throw new AppError(
    "MEMORY_INSUFFICIENT",
    `Training ${countParameters(network).toLocaleString("en")} parameters with batches of ` +
      `${configuration.batchSize} at ${configuration.imageSizePixels} px takes at least ${gibibytes(needed)} GiB ` +
      `of memory; this machine has ${gibibytes(memoryBytes)}. Lower batchSize, imageSizePixels, widthMultiplier ` +
      "or head.units.",
    { path: ["configuration"] },
  );
}

function gibibytes(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}

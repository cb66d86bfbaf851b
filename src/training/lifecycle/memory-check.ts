import { AppError } from "../../core/app-error.js";
import type { Optimizer, RunConfiguration } from "../../core/run-configuration.js";
import { layerTable, networkVariables } from "../../graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../../graph/architectures/network-spec.js";
import { isFrozen } from "../../graph/architectures/vgg.js";
import { elementCount } from "../../graph/tensor-spec.js";

const GIB = 1024 ** 3;
const FLOAT32_BYTES = 4;

/**
 * Bytes that training cannot do without: weights in float32, for those that learn the gradients, the optimiser's
 * slots and what accumulation adds up, and the output of every convolution that learns, for as much of a batch as
 * is computed at once, which the way back needs. A step takes more.
 */
export function leastTrainingBytes(network: NetworkSpec, configuration: RunConfiguration): number {
  const { batchSize, accumulationSteps, precision, optimizer, frozenBlocks } = configuration;
  const activations = layerTable(network)
    .filter(({ kind, name }) => kind === "Conv2D" && !isFrozen(name, frozenBlocks))
    .reduce((total, { outputShape }) => total + elementCount(outputShape), 0);
  const learning = networkVariables(network)
    .filter(({ name, trainable }) => trainable && !isFrozen(name, frozenBlocks))
    .reduce((total, { shape }) => total + elementCount(shape), 0);
  const copies = 1 + slotsOf(optimizer) + (accumulationSteps > 1 ? 1 : 0);
  const activationBytes = precision === "FLOAT32" ? FLOAT32_BYTES : 2;
  const microBatchSize = Math.ceil(batchSize / accumulationSteps);
  return (
    (countParameters(network) + copies * learning) * FLOAT32_BYTES +
    microBatchSize * activations * activationBytes
  );
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
      `of memory; this machine has ${gibibytes(memoryBytes)}. Raise accumulationSteps, or lower batchSize, ` +
      "imageSizePixels, widthMultiplier or head.units.",
    { path: ["configuration"] },
  );
}

function gibibytes(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}

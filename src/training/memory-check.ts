import { AppError } from "../core/app-error.js";
import type { Optimizer, RunConfiguration } from "../core/run-configuration.js";

const GIB = 1024 ** 3;

/** Filters of the first convolution of every VGG, which works on the picture at its full size. */
const FIRST_FILTERS = 64;

/**
 * Bytes that training cannot do without: weights, gradients and the optimiser's slots in float32, and
 * what the first convolution gives for a whole batch. The real need is a few times the second part.
 */
export function leastTrainingBytes(configuration: RunConfiguration, parameterCount: number): number {
  const { batchSize, imageSizePixels, widthMultiplier, precision, optimizer } = configuration;
  const parameterBytes = parameterCount * 4 * (2 + slotsOf(optimizer));
  const activationBytes = precision === "MIXED_BFLOAT16" ? 2 : 4;
  const firstActivations = batchSize * imageSizePixels ** 2 * FIRST_FILTERS * widthMultiplier;
  return parameterBytes + firstActivations * activationBytes;
}

/** Values that the optimiser keeps for each weight. */
function slotsOf(optimizer: Optimizer): number {
  if (optimizer.kind === "adam") return 2;
  return optimizer.momentum > 0 ? 1 : 0;
}

/**
 * @param memoryBytes of the machine
 * @throws AppError `MEMORY_INSUFFICIENT` for a run that is certain to run out of memory
 */
export function checkMemory(
  configuration: RunConfiguration,
  parameterCount: number,
  memoryBytes: number,
): void {
  const needed = leastTrainingBytes(configuration, parameterCount);
  if (needed <= memoryBytes) return;
  throw new AppError(
    "MEMORY_INSUFFICIENT",
    `Training ${parameterCount.toLocaleString("en")} parameters with batches of ${configuration.batchSize} at ` +
      `${configuration.imageSizePixels} px takes at least ${gibibytes(needed)} GiB of memory; this machine has ` +
      `${gibibytes(memoryBytes)}. Lower batchSize, imageSizePixels, widthMultiplier or head.units.`,
    { path: ["configuration"] },
  );
}

function gibibytes(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}

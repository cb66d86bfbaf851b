import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { NetworkShape } from "../../graph/architectures/architecture.js";
import { layerTable } from "../../graph/architectures/layer-table.js";
import { networkOfRun } from "../../graph/architectures/network-spec.js";
import { elementCount } from "../../graph/tensor-spec.js";

/** The memory that the largest activations may take while evaluating. */
const MAX_ACTIVATION_BYTES = 256 * 1024 ** 2;
const MAX_BATCH_SIZE = 256;
const FLOAT32_BYTES = 4;

/**
 * The number of images that are evaluated at once. Without gradients only two layers' activations are in memory at once,
 * so more images fit than in a micro-batch, unless memory ran out before; frozen stages take micro-batches alone. The
 * configuration and the micro-batches alone decide the size: sums in another order end in other last bits.
 *
 * @param microBatchSize samples of a training batch that are computed at once
 * @param sampleCount samples of the largest evaluated split
 */
export function evaluationBatchSize(
  configuration: RunConfiguration,
  microBatchSize: number,
  sampleCount: number,
): number {
  const bounded = microBatchSize < configuration.batchSize || configuration.frozenBlocks > 0;
  const size = bounded ? microBatchSize : Math.max(microBatchSize, fittingImages(shapeOf(configuration)));
  return Math.max(1, Math.min(size, sampleCount));
}

/** The classes and the precision do not matter: the first layers are the largest. */
function shapeOf(configuration: RunConfiguration): NetworkShape {
  return networkOfRun(configuration, 1, "FLOAT32");
}

/** The number of images that a network computes at once, which depends on its shape alone. */
export function fittingImages(network: NetworkShape): number {
  const layers = layerTable(network);
  const largest = Math.max(...layers.map(({ outputShape }) => elementCount(outputShape)));
  return Math.min(Math.floor(MAX_ACTIVATION_BYTES / (2 * largest * FLOAT32_BYTES)), MAX_BATCH_SIZE);
}

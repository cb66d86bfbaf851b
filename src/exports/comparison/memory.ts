import { layerTable } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { elementCount } from "../../graph/tensor-spec.js";
import { TIMED_BATCHES } from "./measurement.js";

const BATCH_SIZE = Math.max(...TIMED_BATCHES);
/** Node and a runtime without a network. */
const PROGRAM_BYTES = 400 * 1024 ** 2;
/** Weights are read, arranged for the kernels and sometimes converted, so that two copies and a part of a third exist. */
const COPIES_OF_WEIGHTS = 2.5;
/** Outputs of layers that exist at the same time, and the memory in which a convolution works. */
const LAYERS_AT_ONCE = 3;
const FLOAT_BYTES = 4;

/** About the memory that the process takes which measures a model, in bytes. */
export function memoryToMeasure(network: NetworkSpec, sizeBytes: number): number {
  const largest = Math.max(...layerTable(network).map(({ outputShape }) => elementCount(outputShape)));
  return PROGRAM_BYTES + COPIES_OF_WEIGHTS * sizeBytes + BATCH_SIZE * LAYERS_AT_ONCE * FLOAT_BYTES * largest;
}

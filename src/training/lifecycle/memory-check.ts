import { AppError } from "../../core/app-error.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { NetworkShape } from "../../graph/architectures/architecture.js";
import { layerTable, shapedLayersOf } from "../../graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { LayerKind } from "../../graph/layers/layer.js";
import { isFrozen } from "../../graph/layers/layer-graph.js";
import { optimizerRule } from "../../graph/optimizers/optimizer.js";
import { elementCount } from "../../graph/tensor-spec.js";
import { cachesTeacherLogits } from "../configuration/caches-teacher-logits.js";

const GIB = 1024 ** 3;
const FLOAT32_BYTES = 4;

/**
 * Layers whose outputs the backward pass reads, so that all of them are in memory at its start: those of convolutions,
 * and of activations that a normalization separates from their convolution.
 */
const KEPT: ReadonlySet<LayerKind> = new Set(["Conv2D", "ReLU"]);

/**
 * The least memory that training takes, in bytes: all weights in float32; for those that learn, the gradients, the
 * optimizer's slots and the sums of accumulation; for a micro-batch the outputs that the backward pass reads; and for a
 * teacher in the graph its weights and its largest output. A step takes more.
 *
 * @param teacher the network that the run learns from, if any
 */
export function leastTrainingBytes(
  network: NetworkSpec,
  configuration: RunConfiguration,
  teacher: NetworkShape | null = null,
): number {
  const { batchSize, accumulationSteps, precision, optimizer, frozenBlocks } = configuration;
  const layers = shapedLayersOf(network).filter(({ stage }) => !isFrozen(stage, frozenBlocks));
  const activations = layers
    .filter(({ layer }) => KEPT.has(layer.kind))
    .reduce((total, { outputShape }) => total + elementCount(outputShape), 0);
  const learning = layers
    .flatMap(({ variables }) => variables.filter(({ trainable }) => trainable))
    .reduce((total, { shape }) => total + elementCount(shape), 0);
  const copies = 1 + optimizerRule(optimizer).slotCount + (accumulationSteps > 1 ? 1 : 0);
  const activationBytes = precision === "FLOAT32" ? FLOAT32_BYTES : 2;
  const microBatchSize = Math.ceil(batchSize / accumulationSteps);
  const teacherBytes =
    teacher === null || cachesTeacherLogits(configuration)
      ? 0
      : leastInferenceBytes(teacher, microBatchSize, activationBytes);
  return (
    (countParameters(network) + copies * learning) * FLOAT32_BYTES +
    microBatchSize * activations * activationBytes +
    teacherBytes
  );
}

function leastInferenceBytes(network: NetworkShape, images: number, activationBytes: number): number {
  const rows = layerTable(network);
  const parameters = rows.reduce((total, row) => total + row.parameters, 0);
  const largest = Math.max(...rows.map(({ outputShape }) => elementCount(outputShape)));
  return parameters * FLOAT32_BYTES + images * largest * activationBytes;
}

/**
 * @param memoryBytes the machine's memory
 * @param teacher the network that the run learns from, if any
 * @throws AppError `MEMORY_INSUFFICIENT` for a run that is certain to run out of memory
 */
export function checkMemory(
  network: NetworkSpec,
  configuration: RunConfiguration,
  memoryBytes: number,
  teacher: NetworkShape | null = null,
): void {
  const needed = leastTrainingBytes(network, configuration, teacher);
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

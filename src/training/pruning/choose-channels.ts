import path from "node:path";
import type { Pruning } from "../../core/runs/configuration.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import { CheckpointReader } from "../../engine/checkpoints/checkpoint-reader.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { buildImportanceGraphAside } from "../../engine/graph-thread.js";
import { networkVariables, shapedLayersOf } from "../../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import { type ChannelGroup, channelsOf, type GroupedConvolution } from "../../graph/pruning/channels.js";
import type { KeptChannels } from "../../graph/pruning/cut.js";
import {
  type ConvolutionScores,
  normScores,
  scaleScores,
  scoreGroups,
  type VariableValue,
} from "../../graph/pruning/scores.js";
import { selectChannels } from "../../graph/pruning/selection.js";
import type { FittedWeights } from "../../registry/weights/fit-weights.js";
import { BatchSource, imagesOf } from "../loop/batch-source.js";
import { floats } from "../loop/graph-outputs.js";
import { epochOrder } from "../loop/shuffling.js";

/** Training images on which TAYLOR measures: enough that a ranking hardly depends on the choice of images. */
const MAX_MEASURED_IMAGES = 512;
/** Contributions are added up within a batch before they are squared, so few images make noisy ones. */
const MAX_BATCH_SIZE = 32;

/** A network that is pruned, and what its channels are ranked by. */
export interface PrunedRun {
  readonly pruning: Pruning;
  /** Before channels are removed, with the run's classes and images, in FLOAT32. */
  readonly network: NetworkSpec;
  /** The folder of the source's checkpoint. */
  readonly folder: string;
  /** The weights that the network takes from it. */
  readonly weights: FittedWeights;
  /** Images that training computes at once. */
  readonly microBatchSize: number;
  /** Opens the images of the run. */
  readonly openImages: () => Promise<ShardReader>;
  /** Called with the number of measured images and of all that are measured. */
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Ranks the channels of a network and chooses those that stay. The same weights, images and seed give the same choice,
 * up to rounding: sums of TensorFlow depend on the number of threads.
 *
 * @throws AppError `WEIGHTS_INVALID` when weights are not finite; the reason of the signal when it aborts
 */
export async function chooseChannels(run: PrunedRun, engine: EngineHost): Promise<KeptChannels> {
  const { pruning, network } = run;
  const { groups } = channelsOf(shapedLayersOf(network));
  const scoresOf = await scoresBy(run, groups, engine);
  return selectChannels(scoreGroups(groups, pruning.criterion, scoresOf), pruning);
}

async function scoresBy(
  run: PrunedRun,
  groups: readonly ChannelGroup[],
  engine: EngineHost,
): Promise<ConvolutionScores> {
  const convolutions = groups.flatMap((group) => group.convolutions);
  switch (run.pruning.criterion) {
    case "BATCH_NORM_SCALE":
      return scaleScores(await readRole(run, "gamma", engine));
    case "L1_NORM":
      return normScores(await readRole(run, "kernel", engine));
    case "TAYLOR":
      return measure(run, convolutions, engine);
  }
}

/** Reads the variables of one role from the source: all kernels, or all scales. */
async function readRole(
  { network, folder }: PrunedRun,
  role: "gamma" | "kernel",
  engine: EngineHost,
): Promise<(variable: string) => VariableValue> {
  await using reader = await CheckpointReader.open(engine, path.join(folder, "variables"));
  const values = new Map<string, VariableValue>();
  for (const { name, shape } of networkVariables(network)) {
    const isOfConvolution = role === "gamma" || shape.length === 4;
    if (name.endsWith(`/${role}`) && isOfConvolution) {
      values.set(name, { shape, data: await reader.read(name) });
    }
  }
  return (variable) => {
    const value = values.get(variable);
    if (value === undefined) throw new Error(`The network has no ${variable}.`);
    return value;
  };
}

/** The mean over batches of the squared change of the loss that each channel stands for. */
async function measure(
  run: PrunedRun,
  convolutions: readonly GroupedConvolution[],
  engine: EngineHost,
): Promise<ConvolutionScores> {
  const { network, folder, weights, signal } = run;
  const { copied: importedVariables, classes: importedClasses } = weights;
  const graph = await buildImportanceGraphAside(network, { importedVariables, importedClasses });
  await using session = await engine.openGraph(graph);
  await session.run("init", {});
  const prefix = path.join(folder, "variables");
  await session.run("import", { prefix: { dtype: "string", shape: [], data: [prefix] } });
  await using images = await run.openImages();
  const { positions, sizes } = measuredImages(images, run);
  const scores = new Map(convolutions.map(({ name }) => [name, new Float64Array(0)]));
  const source = new BatchSource(
    [{ reader: images, input: imagesOf(network.imageSizePixels) }],
    MAX_BATCH_SIZE,
  );
  let done = 0;
  for await (const { inputs, size } of source.batches(positions, sizes)) {
    signal.throwIfAborted();
    const { images: pixels, labels } = inputs;
    if (pixels === undefined || labels === undefined) throw new Error("A batch has images and labels.");
    const outputs = await session.run("contributions", { images: pixels, labels });
    for (const { name } of convolutions) {
      const contributions = floats(outputs, name);
      const before = scores.get(name) ?? new Float64Array(0);
      const squares = Float64Array.from(contributions, (change, channel) => {
        return (before[channel] ?? 0) + change ** 2 / sizes.length;
      });
      scores.set(name, squares);
    }
    done += size;
    run.onProgress(done, positions.length);
  }
  return ({ name }) => Array.from(scores.get(name) ?? []);
}

/** The first training images in an order of their own, in whole batches. */
function measuredImages(
  { index }: ShardReader,
  { network, microBatchSize }: PrunedRun,
): { readonly positions: Int32Array; readonly sizes: readonly number[] } {
  // Epochs count from 1.
  const order = epochOrder(index.positionsOf("TRAIN"), network.seed, 0);
  const batchSize = Math.min(microBatchSize, MAX_BATCH_SIZE, order.length);
  const batches = Math.floor(Math.min(order.length, MAX_MEASURED_IMAGES) / batchSize);
  return {
    positions: order.slice(0, batches * batchSize),
    sizes: Array.from({ length: batches }, () => batchSize),
  };
}

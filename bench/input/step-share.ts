import path from "node:path";
import { startEspalier } from "../../src/app/espalier.js";
import { ApiClient } from "../../src/client/api-client.js";
import { importDataset } from "../../src/client/import-dataset.js";
import { parseConfig } from "../../src/core/config.js";
import type { Architecture, ComputePrecision } from "../../src/core/enumerations.js";
import {
  type Augmentation,
  NO_AUGMENTATION,
  type RunConfiguration,
} from "../../src/core/runs/configuration.js";
import { type ShardReader, TensorShards } from "../../src/data/shards/tensor-shards.js";
import { EngineHost } from "../../src/engine/engine-host.js";
import type { TensorValue } from "../../src/engine/engine-protocol.js";
import { provideNativeLibrary } from "../../src/engine/native-library.js";
import type { Session } from "../../src/engine/session.js";
import { networkOfRun, trainingOfRun } from "../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../src/graph/architectures/training-graph.js";
import { median } from "../../src/lang/median.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { createLog } from "../../src/telemetry/log.js";
import { resolveConfiguration } from "../../src/training/configuration/resolution.js";
import { imagesOf } from "../../src/training/loop/batch-source.js";
import { EpochLoop } from "../../src/training/loop/epoch-loop.js";
import { EPOCH_START, TRAINING_START } from "../../src/training/record/epoch-position.js";
import type { BenchContext } from "../benchmark.js";
import { linkToClasses } from "../images/link-images.js";
import { provideImages } from "../images/provide-images.js";
import type { WorkFolder } from "../server/work-folder.js";
import { FULL_AUGMENTATION } from "../train/full-augmentation.js";

export interface StepSharePlan {
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
  readonly architecture: Architecture;
  readonly widthMultiplier: number;
  readonly imageSizePixels: number;
  readonly classes: number;
  readonly batchSize: number;
  readonly precision: ComputePrecision;
  /** Steps of each kind in a round. */
  readonly steps: number;
  readonly rounds: number;
}

/** Median seconds of a training step, by the source of its images. */
export interface StepShare {
  /** The same batch in memory for every step, without augmentation. */
  readonly fixed: number;
  /** Batches that are read from the shards in the order of an epoch. */
  readonly read: number;
  /** Batches that are read and augmented. */
  readonly augmented: number;
  readonly threads: number;
}

const SPLIT = { validation: 0.2, test: 0 };

/** Measures steps with and without reading and augmentation, in turn, in one process. */
export async function measureStepShare(
  work: WorkFolder,
  plan: StepSharePlan,
  context: BenchContext,
): Promise<StepShare> {
  await using resources = new OwnedResources();
  const config = parseConfig({
    ...process.env,
    ESPALIER_HOME: work.homeFolder,
    ESPALIER_IMPORT_ROOTS: work.imagesFolder,
    ESPALIER_PORT: "0",
    DATABASE_URL: "",
  });
  const log = createLog("warn");
  const espalier = resources.own(await startEspalier(config, { log, progress: context.report }));
  const api = resources.own(new ApiClient(espalier.url, espalier.adminToken.secret));

  const count = Math.max(plan.classes, Math.ceil((plan.steps * plan.batchSize) / (1 - SPLIT.validation)));
  const source = path.join(work.imagesFolder, "source");
  const images = await provideImages({ dataFile: plan.dataFile, atLeast: count, folder: source }, context);
  await linkToClasses(images, plan.classes, count, path.join(work.imagesFolder, "dealt"));
  context.report(`importing ${count} images`);
  const { ref } = await importDataset(api, {
    dataset: "images",
    source: { folder: "dealt" },
    split: SPLIT,
  });
  const { datasets, blobs, imageDecoder } = espalier.services;
  const shards = new TensorShards({
    datasets,
    blobs,
    decoder: imageDecoder,
    folder: path.join(work.homeFolder, "shards"),
  });
  const version = await datasets.findVersionByRef(ref);
  const reader = resources.own(await shards.open(version?.id ?? "", plan.imageSizePixels));

  const engine = resources.own(
    await EngineHost.start({
      nativeLibrary: await provideNativeLibrary(config, context.report),
      threads: config.threads,
      workFolder: path.join(work.homeFolder, "engine", "bench"),
      log,
    }),
  );
  const plain = await openTraining(engine, reader, plan, NO_AUGMENTATION);
  resources.own(plain.session);
  const augmented = await openTraining(engine, reader, plan, FULL_AUGMENTATION);
  resources.own(augmented.session);

  const seconds = { fixed: [] as number[], read: [] as number[], augmented: [] as number[] };
  for (let round = 0; round <= plan.rounds; round++) {
    context.report(round === 0 ? "warming up" : `round ${round} of ${plan.rounds}`);
    const fixed = await timeFixedBatch(plain.session, reader, plan, context.signal);
    const read = await timeEpoch(plain.loop, round + 1, plan.steps, context.signal);
    const both = await timeEpoch(augmented.loop, round + 1, plan.steps, context.signal);
    if (round === 0) continue;
    seconds.fixed.push(...fixed);
    seconds.read.push(...read);
    seconds.augmented.push(...both);
  }
  return {
    fixed: median(seconds.fixed),
    read: median(seconds.read),
    augmented: median(seconds.augmented),
    threads: config.threads,
  };
}

interface Training {
  readonly session: Session;
  readonly loop: EpochLoop;
}

/** A network with fresh weights, and the trainer's own loop over the training split. */
async function openTraining(
  engine: EngineHost,
  reader: ShardReader,
  plan: StepSharePlan,
  augmentation: Augmentation,
): Promise<Training> {
  const configuration = configurationOf(plan, augmentation);
  const graph = buildTrainingGraph(
    networkOfRun(configuration, plan.classes, plan.precision),
    trainingOfRun(configuration, {
      stepsPerEpoch: plan.steps,
      cachedFeatures: false,
      accumulation: false,
      microBatchSize: configuration.batchSize,
      importedVariables: [],
      importedClasses: null,
      teacher: null,
      customOps: engine.info.customOps,
      eigenKernelGradients: [],
    }),
  );
  const session = await engine.openGraph(graph);
  await session.run("init", {});
  const input = imagesOf(plan.imageSizePixels);
  const loop = new EpochLoop({
    session,
    packed: [{ reader, input }],
    configuration,
    microBatchSize: plan.batchSize,
    start: TRAINING_START,
  });
  return { session, loop };
}

class EnoughSteps extends Error {}

/**
 * Times the steps of an epoch except the first, which waits for its images.
 *
 * @param steps number of steps after which the epoch is stopped, as by a cancelled run
 */
async function timeEpoch(
  loop: EpochLoop,
  epoch: number,
  steps: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const atMs: number[] = [];
  const enough = new AbortController();
  const onStep = (): void => {
    atMs.push(performance.now());
    if (atMs.length === steps) enough.abort(new EnoughSteps());
  };
  try {
    await loop.train(epoch, EPOCH_START, AbortSignal.any([signal, enough.signal]), onStep);
  } catch (error) {
    if (!(error instanceof EnoughSteps)) throw error;
  }
  return intervals(atMs);
}

async function timeFixedBatch(
  session: Session,
  reader: ShardReader,
  { batchSize, imageSizePixels: side, steps }: StepSharePlan,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const positions = reader.index.positionsOf("TRAIN").subarray(0, batchSize);
  // In shared memory, as the trainer's batches, so that it reaches the engine without a copy.
  const data = new Uint8Array(new SharedArrayBuffer(positions.length * reader.imageBytes));
  await reader.readImages(positions, data);
  const images: TensorValue = { dtype: "uint8", shape: [positions.length, side, side, 3], data };
  const atMs: number[] = [];
  for (let step = 0; step < steps; step++) {
    signal.throwIfAborted();
    // Labels are transferred with every step, so each step needs new ones.
    const labels = Int32Array.from(positions, (position) => reader.index.labels[position] ?? 0);
    await session.run("train_step", {
      images,
      labels: { dtype: "int32", shape: [labels.length], data: labels },
    });
    atMs.push(performance.now());
  }
  return intervals(atMs);
}

/** Returns the seconds between successive times. */
function intervals(atMs: readonly number[]): readonly number[] {
  return atMs.slice(1).map((at, index) => (at - (atMs[index] ?? Number.NaN)) / 1000);
}

function configurationOf(plan: StepSharePlan, augmentation: Augmentation): RunConfiguration {
  const { architecture, widthMultiplier, imageSizePixels, batchSize, precision, rounds } = plan;
  const configuration = resolveConfiguration({
    ...{ architecture, widthMultiplier, imageSizePixels, batchSize, precision },
    epochs: rounds + 1,
    learningRate: { constant: { initial: 1e-4 } },
  });
  return { ...configuration, augmentation };
}

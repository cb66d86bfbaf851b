import path from "node:path";
import type { Config } from "../core/config.js";
import { FolderBlobStore } from "../data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../data/images/decoder.js";
import { UploadStore } from "../data/imports/upload-store.js";
import { Uploads } from "../data/imports/uploads.js";
import { TensorShards } from "../data/shards/tensor-shards.js";
import { DatasetStore } from "../data/versions/dataset-store.js";
import type { Database } from "../db/database.js";
import type { EngineHost } from "../engine/engine-host.js";
import { SYSTEM_CLOCK } from "../lang/clock.js";
import { productVersion } from "../lang/package-version.js";
import { InitialWeights } from "../registry/initial-weights.js";
import { ModelRegistry } from "../registry/model-registry.js";
import { ModelStore } from "../registry/model-store.js";
import { PrunedNetworks } from "../registry/pruning/pruned-networks.js";
import { Teachers } from "../registry/teachers.js";
import { TrainedRunStore } from "../registry/trained-run-store.js";
import { ImportedWeights } from "../registry/weights/imported-weights.js";
import { PretrainedStore } from "../registry/weights/pretrained/pretrained-store.js";
import type { Log } from "../telemetry/log.js";
import { RunAttemptStore } from "../training/attempt/attempt-store.js";
import { KernelGradientChooser } from "../training/attempt/kernel-gradient-chooser.js";
import { PrecisionChooser } from "../training/attempt/precision-chooser.js";
import { Trainer } from "../training/attempt/trainer.js";
import { EvaluationStore } from "../training/evaluation/evaluation-store.js";
import { PredictionsKeeper } from "../training/evaluation/predictions-keeper.js";
import { RunEventStore } from "../training/events/event-store.js";
import { RunInterruptionStore } from "../training/lifecycle/interruption-store.js";
import { RunQueueStore } from "../training/lifecycle/queue-store.js";
import { RunStateStore } from "../training/lifecycle/state-store.js";
import { identifyWorker } from "../training/lifecycle/worker-identity.js";
import { ArtifactStore } from "../training/record/artifact-store.js";
import { CheckpointStore } from "../training/record/checkpoint-store.js";
import { MetricStore } from "../training/record/metric-store.js";
import { RunStore } from "../training/record/run-store.js";

export interface TrainingFoundation {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** The engine that the registry exports models with. */
  readonly registryEngine: EngineHost;
  /** Called when the first run leaves the queue. */
  readonly openTrainingEngine: () => Promise<EngineHost>;
}

/** Creates and connects the parts that training needs in a server and in a worker, and starts nothing. */
export async function composeTraining(foundation: TrainingFoundation) {
  const { config, log, database, registryEngine, openTrainingEngine } = foundation;
  const { homeFolder, limits } = config;

  const product = `espalier ${await productVersion()}`;
  const blobsFolder = path.join(homeFolder, "blobs");
  const blobs = new FolderBlobStore(blobsFolder);
  const imageDecoder = new ImageDecoder(limits);
  const datasets = new DatasetStore(database);
  const uploads = new Uploads({
    store: new UploadStore(database),
    folder: path.join(homeFolder, "uploads"),
    limits,
  });
  const shards = new TensorShards({
    datasets,
    blobs,
    decoder: imageDecoder,
    folder: path.join(homeFolder, "shards"),
  });

  const models = new ModelStore(database);
  const registry = new ModelRegistry({
    models,
    runs: new TrainedRunStore(database),
    host: registryEngine,
    homeFolder,
    log,
  });
  const initialWeights = new InitialWeights({
    models,
    registry,
    uploads,
    imported: new ImportedWeights({ blobs, homeFolder, log }),
    pretrained: new PretrainedStore({
      cacheFolder: config.cacheFolder,
      folder: config.pretrainedFolder,
      log,
    }),
  });

  const teachers = new Teachers(models, registry);
  const prunedNetworks = new PrunedNetworks({ models, registry });

  const runs = new RunStore(database);
  const metrics = new MetricStore(database);
  const runEvents = new RunEventStore(database);
  const states = new RunStateStore(runEvents);
  const artifacts = new ArtifactStore(database);
  const evaluations = new EvaluationStore(database, artifacts);
  const predictions = new PredictionsKeeper(blobs);
  const measured = { folder: config.cacheFolder, clock: SYSTEM_CLOCK, log };
  const precisions = new PrecisionChooser(measured);
  const kernelGradients = new KernelGradientChooser(measured);
  const runsFolder = path.join(homeFolder, "runs");
  const attemptStores = {
    states,
    events: runEvents,
    metrics,
    checkpoints: new CheckpointStore(database, runEvents),
    evaluations,
    artifacts,
  };
  const trainer = new Trainer({
    stores: {
      queue: new RunQueueStore(database, states),
      interruptions: new RunInterruptionStore(database, states, runEvents),
      attempts: new RunAttemptStore(database, attemptStores),
      runs,
      datasets,
    },
    sources: {
      shards,
      initialWeights,
      teachers,
      prunedNetworks,
      precisions,
      kernelGradients,
      openEngine: openTrainingEngine,
      product,
    },
    outputs: { runsFolder, predictions, encoder: imageDecoder },
    worker: {
      identity: identifyWorker(config.worker.device, process.env),
      leaseSeconds: config.worker.leaseSeconds,
      crash: config.worker.crash,
    },
    log,
  });
  return {
    blobs,
    blobsFolder,
    imageDecoder,
    datasets,
    uploads,
    models,
    registry,
    initialWeights,
    product,
    teachers,
    prunedNetworks,
    runs,
    metrics,
    runEvents,
    states,
    artifacts,
    evaluations,
    predictions,
    precisions,
    runsFolder,
    trainer,
  };
}

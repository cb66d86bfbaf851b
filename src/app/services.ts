import path from "node:path";
import { AccessTokenStore } from "../access/access-token-store.js";
import { AccessTokens } from "../access/access-tokens.js";
import type { ApiServices } from "../api/api-services.js";
import type { Config } from "../core/config.js";
import { productVersion } from "../core/product-version.js";
import { BlobStore } from "../data/blob-store.js";
import { DatasetImporter } from "../data/dataset-import.js";
import { DatasetImportStore } from "../data/dataset-import-store.js";
import { DatasetStore } from "../data/dataset-store.js";
import { ImageDecoder } from "../data/image-decoder.js";
import { ImportEventStore } from "../data/import-event-store.js";
import { TensorShards } from "../data/tensor-shards.js";
import { UploadStore } from "../data/upload-store.js";
import { Uploads } from "../data/uploads.js";
import type { Database } from "../db/database.js";
import { memoryBytes } from "../engine/engine-environment.js";
import type { EngineHost } from "../engine/engine-host.js";
import { InitialWeights } from "../registry/initial-weights.js";
import { ModelRegistry } from "../registry/model-registry.js";
import { ModelStore } from "../registry/model-store.js";
import { TrainedRunStore } from "../registry/trained-run-store.js";
import { ImportedWeights } from "../registry/weights/imported-weights.js";
import { Classifier } from "../serving/classifier.js";
import { ModelCache } from "../serving/model-cache.js";
import { PictureSource } from "../serving/picture-source.js";
import type { Log } from "../telemetry/log.js";
import { ArtifactStore } from "../training/artifact-store.js";
import { Artifacts } from "../training/artifacts.js";
import { AugmentationPreview } from "../training/augmentation-preview.js";
import { SYSTEM_CLOCK } from "../training/clock.js";
import { RunComparer } from "../training/comparison.js";
import { DisagreementFinder } from "../training/disagreement-finder.js";
import { EvaluationStore } from "../training/evaluation/evaluation-store.js";
import { PredictionsKeeper } from "../training/evaluation/predictions-keeper.js";
import { ExperimentStore } from "../training/experiment-store.js";
import { MetricStore } from "../training/metric-store.js";
import { PrecisionChooser } from "../training/precision-chooser.js";
import { RunAttemptStore } from "../training/run-attempt-store.js";
import { RunControlStore } from "../training/run-control-store.js";
import { RunDeletion } from "../training/run-deletion.js";
import { RunDeletionStore } from "../training/run-deletion-store.js";
import { RunEventStore } from "../training/run-event-store.js";
import { RunLaunchStore } from "../training/run-launch-store.js";
import { RunLauncher } from "../training/run-launcher.js";
import { RunQueueStore } from "../training/run-queue-store.js";
import { RunStateStore } from "../training/run-state-store.js";
import { RunStore } from "../training/run-store.js";
import { Trainer } from "../training/trainer.js";

export interface Foundation {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly servingEngine: EngineHost;
  /** Called when the first run is taken off the queue. */
  readonly openTrainingEngine: () => Promise<EngineHost>;
}

export interface Composition {
  readonly services: ApiServices;
  /** Not started yet. */
  readonly trainer: Trainer;
  readonly models: ModelCache;
}

/** Wires every store and service; starts nothing. */
export async function composeServices(foundation: Foundation): Promise<Composition> {
  const { config, log, database, servingEngine, openTrainingEngine } = foundation;
  const { homeFolder, limits } = config;

  const accessTokens = new AccessTokens(new AccessTokenStore(database));

  const blobs = new BlobStore(path.join(homeFolder, "blobs"));
  const imageDecoder = new ImageDecoder(limits);
  const datasets = new DatasetStore(database);
  const uploads = new Uploads({
    store: new UploadStore(database),
    folder: path.join(homeFolder, "uploads"),
    limits,
  });
  const importer = new DatasetImporter({
    config,
    datasets,
    imports: new DatasetImportStore(database),
    events: new ImportEventStore(database),
    uploads,
    blobs,
    decoder: imageDecoder,
    log,
  });
  const shards = new TensorShards({
    datasets,
    blobs,
    decoder: imageDecoder,
    folder: path.join(homeFolder, "shards"),
  });

  const augmentationPreview = new AugmentationPreview({
    datasets,
    blobs,
    decoder: imageDecoder,
    host: servingEngine,
  });

  const models = new ModelStore(database);
  const registry = new ModelRegistry({
    models,
    runs: new TrainedRunStore(database),
    host: servingEngine,
    homeFolder,
    log,
  });
  const initialWeights = new InitialWeights({
    models,
    registry,
    uploads,
    imported: new ImportedWeights({ blobs, homeFolder, log }),
  });

  const experiments = new ExperimentStore(database);
  const runs = new RunStore(database);
  const metrics = new MetricStore(database);
  const runEvents = new RunEventStore(database);
  const states = new RunStateStore(runEvents);
  const artifacts = new ArtifactStore(database);
  const evaluations = new EvaluationStore(database, artifacts);
  const runsFolder = path.join(homeFolder, "runs");
  const launcher = new RunLauncher({
    launches: new RunLaunchStore(database, experiments, runEvents),
    datasets,
    initialWeights,
    hasGpu: servingEngine.info.devices.some(({ kind }) => kind === "GPU"),
    memoryBytes: memoryBytes(),
    clock: SYSTEM_CLOCK,
  });
  const predictions = new PredictionsKeeper(blobs);
  const precisions = new PrecisionChooser({ folder: config.cacheFolder, clock: SYSTEM_CLOCK });
  const trainer = new Trainer({
    stores: {
      queue: new RunQueueStore(database, states),
      attempts: new RunAttemptStore(database, states, runEvents, metrics, evaluations, artifacts),
      runs,
      datasets,
    },
    shards,
    initialWeights,
    precisions,
    outputs: { predictions, encoder: imageDecoder },
    openEngine: openTrainingEngine,
    runsFolder,
    product: `espalier ${await productVersion()}`,
    log,
  });

  const cache = new ModelCache({ registry });
  const classifier = new Classifier({
    models,
    cache,
    pictures: new PictureSource({ uploads, samples: datasets, blobs, limits }),
    decoder: imageDecoder,
    limits,
  });

  const services: ApiServices = {
    log,
    accessTokens,
    engine: servingEngine,
    trainer,
    datasets,
    blobs,
    imageDecoder,
    uploads,
    importer,
    augmentationPreview,
    experiments,
    runs,
    metrics,
    runEvents,
    launcher,
    control: new RunControlStore(database, states, SYSTEM_CLOCK),
    deletion: new RunDeletion({
      deletions: new RunDeletionStore(database),
      predictions,
      runsFolder,
      log,
    }),
    precisions,
    comparison: new RunComparer(runs, datasets, evaluations),
    disagreements: new DisagreementFinder(evaluations, datasets, blobs),
    evaluations,
    artifacts,
    artifactFiles: new Artifacts(artifacts, blobs, runsFolder),
    models,
    registry,
    classifier,
  };
  return { services, trainer, models: cache };
}

import { AccessTokenStore } from "../access/access-token-store.js";
import { AccessTokens } from "../access/access-tokens.js";
import type { ApiServices } from "../api/api-services.js";
import type { Config } from "../core/config.js";
import { DatasetImporter } from "../data/imports/dataset-import.js";
import { DatasetImportStore } from "../data/imports/dataset-import-store.js";
import { ImportEventStore } from "../data/imports/import-event-store.js";
import type { Database } from "../db/database.js";
import { memoryBytes } from "../engine/engine-environment.js";
import type { EngineHost } from "../engine/engine-host.js";
import { SYSTEM_CLOCK } from "../lang/clock.js";
import { ModelArchives } from "../registry/model-archive.js";
import { Classifier } from "../serving/classifier.js";
import { ImageSource } from "../serving/image-source.js";
import { ModelCache } from "../serving/model-cache.js";
import type { Log } from "../telemetry/log.js";
import type { Trainer } from "../training/attempt/trainer.js";
import { AugmentationPreview } from "../training/augmentation/preview.js";
import { RunComparer } from "../training/comparison/comparison.js";
import { DisagreementFinder } from "../training/comparison/disagreement-finder.js";
import { PredictionsCsv } from "../training/evaluation/predictions-csv.js";
import { RunControlStore } from "../training/lifecycle/control-store.js";
import { RunDeletion } from "../training/lifecycle/deletion.js";
import { RunDeletionStore } from "../training/lifecycle/deletion-store.js";
import { RunLaunchStore } from "../training/lifecycle/launch-store.js";
import { RunLauncher } from "../training/lifecycle/launcher.js";
import { Artifacts } from "../training/record/artifacts.js";
import { ExperimentStore } from "../training/record/experiment-store.js";
import { composeExports } from "./exports.js";
import { composeTraining } from "./training.js";

export interface Foundation {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** The addon of TensorFlow, which the processes of exports load themselves. */
  readonly addonFile: string;
  readonly servingEngine: EngineHost;
  /** Called when the first run leaves the queue. */
  readonly openTrainingEngine: () => Promise<EngineHost>;
}

export interface Composition {
  readonly services: ApiServices;
  /** The caller starts it. */
  readonly trainer: Trainer;
  readonly models: ModelCache;
}

/** Creates and connects all stores and services, and starts nothing. */
export async function composeServices(foundation: Foundation): Promise<Composition> {
  const { config, log, database, servingEngine } = foundation;
  const { limits } = config;

  const accessTokens = new AccessTokens(new AccessTokenStore(database));
  const training = await composeTraining({ ...foundation, registryEngine: servingEngine });
  const { blobs, imageDecoder, datasets, uploads, models, registry } = training;
  const { initialWeights, prunedNetworks, teachers } = training;
  const { runs, metrics, runEvents, states, artifacts, evaluations, predictions, precisions } = training;
  const { runsFolder, trainer } = training;

  const importer = new DatasetImporter({
    config,
    stores: {
      datasets,
      imports: new DatasetImportStore(database),
      events: new ImportEventStore(database),
    },
    uploads,
    blobs,
    decoder: imageDecoder,
    log,
  });
  const augmentationPreview = new AugmentationPreview({
    datasets,
    blobs,
    decoder: imageDecoder,
    host: servingEngine,
  });
  const experiments = new ExperimentStore(database);
  const launcher = new RunLauncher({
    launches: new RunLaunchStore(database, experiments, runEvents),
    datasets,
    initialWeights,
    teachers,
    prunedNetworks,
    hasGpu: servingEngine.info.devices.some(({ kind }) => kind === "GPU"),
    memoryBytes: memoryBytes(),
    clock: SYSTEM_CLOCK,
  });

  const cache = new ModelCache({ registry });
  const classifier = new Classifier({
    models,
    cache,
    images: new ImageSource({ uploads, samples: datasets, blobs, limits }),
    decoder: imageDecoder,
    limits,
  });

  const exports = composeExports({ ...foundation, training });

  const services: ApiServices = {
    log,
    database,
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
      evaluations,
      predictions,
      runsFolder,
      log,
    }),
    precisions,
    comparison: new RunComparer(runs, datasets, evaluations),
    disagreements: new DisagreementFinder(evaluations, datasets, blobs),
    evaluations,
    artifacts,
    predictionsCsv: new PredictionsCsv(evaluations, datasets, blobs),
    artifactFiles: new Artifacts(artifacts, blobs, runsFolder),
    models,
    registry,
    modelArchives: new ModelArchives(models, registry),
    classifier,
    ...exports,
  };
  return { services, trainer, models: cache };
}

import type { AccessTokens } from "../access/access-tokens.js";
import type { EngineStatus } from "../core/enumerations.js";
import type { BlobStore } from "../data/blobs/blob-store.js";
import type { ImageDecoder } from "../data/images/decoder.js";
import type { DatasetImporter } from "../data/imports/dataset-import.js";
import type { Uploads } from "../data/imports/uploads.js";
import type { DatasetStore } from "../data/versions/dataset-store.js";
import type { EngineInfo } from "../engine/engine-protocol.js";
import type { ModelComparer } from "../exports/comparison/model-comparer.js";
import type { ExportDownloads } from "../exports/jobs/export-downloads.js";
import type { ExportStore } from "../exports/jobs/export-store.js";
import type { ModelExporter } from "../exports/jobs/model-exporter.js";
import type { ModelArchives } from "../registry/model-archive.js";
import type { ModelRegistry } from "../registry/model-registry.js";
import type { ModelStore } from "../registry/model-store.js";
import type { Classifier } from "../serving/classifier.js";
import type { Log } from "../telemetry/log.js";
import type { PrecisionChooser } from "../training/attempt/precision-chooser.js";
import type { AugmentationPreview } from "../training/augmentation/preview.js";
import type { RunComparer } from "../training/comparison/comparison.js";
import type { DisagreementFinder } from "../training/comparison/disagreement-finder.js";
import type { EvaluationStore } from "../training/evaluation/evaluation-store.js";
import type { PredictionsCsv } from "../training/evaluation/predictions-csv.js";
import type { RunEventStore } from "../training/events/event-store.js";
import type { RunControlStore } from "../training/lifecycle/control-store.js";
import type { RunDeletion } from "../training/lifecycle/deletion.js";
import type { RunLauncher } from "../training/lifecycle/launcher.js";
import type { ArtifactStore } from "../training/record/artifact-store.js";
import type { Artifacts } from "../training/record/artifacts.js";
import type { ExperimentStore } from "../training/record/experiment-store.js";
import type { MetricStore } from "../training/record/metric-store.js";
import type { RunStore } from "../training/record/run-store.js";
import type { DatabaseReadiness } from "./http/health-routes.js";

/** The services that the API exposes. `app` constructs them. */
export interface ApiServices {
  readonly log: Log;
  readonly database: DatabaseReadiness;
  readonly accessTokens: AccessTokens;
  readonly engine: { readonly info: EngineInfo };
  readonly trainer: TrainingActivity;
  readonly datasets: DatasetStore;
  readonly blobs: BlobStore;
  readonly imageDecoder: ImageDecoder;
  readonly uploads: Uploads;
  readonly importer: DatasetImporter;
  readonly augmentationPreview: AugmentationPreview;
  readonly experiments: ExperimentStore;
  readonly runs: RunStore;
  readonly metrics: MetricStore;
  readonly runEvents: RunEventStore;
  readonly launcher: RunLauncher;
  readonly control: RunControlStore;
  readonly deletion: RunDeletion;
  readonly precisions: PrecisionChooser;
  readonly comparison: RunComparer;
  readonly disagreements: DisagreementFinder;
  readonly evaluations: EvaluationStore;
  readonly predictionsCsv: PredictionsCsv;
  readonly artifacts: ArtifactStore;
  readonly artifactFiles: Artifacts;
  readonly models: ModelStore;
  readonly registry: ModelRegistry;
  readonly modelArchives: ModelArchives;
  readonly exports: ExportStore;
  readonly exporter: ModelExporter;
  readonly exportDownloads: ExportDownloads;
  readonly modelComparer: ModelComparer;
  readonly classifier: Classifier;
}

/** Current activity of the trainer. */
export interface TrainingActivity {
  readonly engineStatus: EngineStatus;
  /** Null while it waits for a run. */
  readonly currentRunId: string | null;
}

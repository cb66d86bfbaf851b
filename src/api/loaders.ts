import DataLoader from "dataloader";
import type { ConfusionMatrix } from "../core/confusion-matrix.js";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  SampleRecord,
} from "../core/dataset-records.js";
import type { Split } from "../core/enumerations.js";
import type { CheckpointRecord, EpochRecord, RunEvent } from "../core/runs/events.js";
import type { DatasetStore } from "../data/versions/dataset-store.js";
import type { ModelExportRecord } from "../exports/jobs/export-records.js";
import type { ExportStore } from "../exports/jobs/export-store.js";
import type { ModelAliasRecord, ModelRecord, ModelVersionRecord } from "../registry/model-records.js";
import { modelVersionName } from "../registry/model-ref.js";
import type { ModelStore } from "../registry/model-store.js";
import type { EvaluationRecord } from "../training/evaluation/evaluation-records.js";
import type { EvaluationStore } from "../training/evaluation/evaluation-store.js";
import type { RunEventStore } from "../training/events/event-store.js";
import type { ArtifactRecord, ArtifactStore } from "../training/record/artifact-store.js";
import type { ExperimentStore } from "../training/record/experiment-store.js";
import type { ExperimentRecord, MetricSummaryRecord, RunRecord } from "../training/record/run-records.js";
import type { EpochsPage, RunStore } from "../training/record/run-store.js";
import { existing, grouped, mapped, optional } from "./loading.js";

export interface LoaderSources {
  readonly datasets: DatasetStore;
  readonly experiments: ExperimentStore;
  readonly runs: RunStore;
  readonly runEvents: RunEventStore;
  readonly models: ModelStore;
  readonly exports: ExportStore;
  readonly evaluations: EvaluationStore;
  readonly artifacts: ArtifactStore;
}

/** A page of the epochs of one run. */
interface EpochsKey extends EpochsPage {
  readonly runId: string;
}

type ById<Value> = DataLoader<string, Value>;

/** One loader per relation. Each relation costs one statement per level of a request, whatever its number of items. */
export interface Loaders {
  readonly dataset: ById<DatasetRecord>;
  readonly datasetOrNull: ById<DatasetRecord | null>;
  readonly datasetVersion: ById<DatasetVersionRecord>;
  readonly datasetVersionOrNull: ById<DatasetVersionRecord | null>;
  /** By dataset. */
  readonly latestDatasetVersion: ById<DatasetVersionRecord | null>;
  /** By version. */
  readonly classCounts: ById<readonly ClassCountRecord[]>;
  /** By version. */
  readonly splitCounts: ById<readonly SplitCount[]>;
  readonly sampleOrNull: ById<SampleRecord | null>;
  readonly experiment: ById<ExperimentRecord>;
  readonly experimentOrNull: ById<ExperimentRecord | null>;
  readonly run: ById<RunRecord>;
  readonly runOrNull: ById<RunRecord | null>;
  /** By run, as are the next six. */
  readonly queuePosition: ById<number | null>;
  readonly warnings: ById<readonly RunEvent[]>;
  readonly metricSummaries: ById<readonly MetricSummaryRecord[]>;
  readonly checkpoints: ById<readonly CheckpointRecord[]>;
  readonly evaluations: ById<readonly EvaluationRecord[]>;
  readonly artifacts: ById<readonly ArtifactRecord[]>;
  readonly modelVersionsOfRun: ById<readonly ModelVersionRecord[]>;
  readonly epochs: DataLoader<EpochsKey, readonly EpochRecord[], string>;
  readonly evaluation: DataLoader<number, EvaluationRecord>;
  /** By evaluation. */
  readonly confusion: DataLoader<number, ConfusionMatrix>;
  readonly model: ById<ModelRecord>;
  readonly modelOrNull: ById<ModelRecord | null>;
  readonly modelVersion: ById<ModelVersionRecord>;
  readonly modelVersionOrNull: ById<ModelVersionRecord | null>;
  readonly modelExport: ById<ModelExportRecord>;
  readonly modelExportOrNull: ById<ModelExportRecord | null>;
  /** By its name, such as "flowers:3". */
  readonly namedModelVersion: ById<ModelVersionRecord | null>;
  /** By model. */
  readonly latestModelVersion: ById<ModelVersionRecord | null>;
  /** By model. */
  readonly aliasesOfModel: ById<readonly ModelAliasRecord[]>;
  /** By version. */
  readonly aliasesOfVersion: ById<readonly ModelAliasRecord[]>;
}

export interface SplitCount {
  readonly split: Split;
  readonly sampleCount: number;
}

/** Creates the loaders of one request. They cache what they read, so they must not outlive it. */
export function createLoaders(sources: LoaderSources): Loaders {
  const { datasets, experiments, runs, runEvents, models, exports, evaluations, artifacts } = sources;
  const datasetOrNull = optional((ids) => datasets.findDatasets(ids), byId);
  const datasetVersionOrNull = optional((ids) => datasets.findVersions(ids), byId);
  const experimentOrNull = optional((ids) => experiments.find(ids), byId);
  const runOrNull = optional((ids) => runs.find(ids), byId);
  const modelOrNull = optional((ids) => models.findModels(ids), byId);
  const modelVersionOrNull = optional((ids) => models.findVersions(ids), byId);
  const modelExportOrNull = optional((ids) => exports.find(ids), byId);
  return {
    dataset: existing(datasetOrNull),
    datasetOrNull,
    datasetVersion: existing(datasetVersionOrNull),
    datasetVersionOrNull,
    latestDatasetVersion: optional(
      (ids) => datasets.latestVersions(ids),
      (version) => version.datasetId,
    ),
    classCounts: mapped((ids) => datasets.classCountsOf(ids), []),
    splitCounts: mapped((ids) => datasets.splitCountsOf(ids), []),
    sampleOrNull: optional((ids) => datasets.findSamples(ids), byId),
    experiment: existing(experimentOrNull),
    experimentOrNull,
    run: existing(runOrNull),
    runOrNull,
    queuePosition: mapped((ids) => runs.queuePosition(ids), null),
    warnings: mapped((ids) => runEvents.warningsOf(ids), []),
    metricSummaries: grouped(
      (ids) => runs.summaries(ids),
      (summary) => summary.runId,
    ),
    checkpoints: mapped((ids) => runs.checkpoints(ids), []),
    evaluations: grouped(
      (ids) => evaluations.ofRuns(ids),
      (evaluation) => evaluation.runId,
    ),
    artifacts: grouped(
      (ids) => artifacts.ofRuns(ids),
      (artifact) => artifact.runId,
    ),
    modelVersionsOfRun: grouped(
      (ids) => models.versionsOfRuns(ids),
      (version) => version.runId,
    ),
    epochs: new DataLoader((keys) => epochsOf(runs, keys), {
      cacheKeyFn: ({ runId, first, after }) => `${runId} ${first} ${after}`,
    }),
    evaluation: new DataLoader(async (ids) => {
      const found = new Map((await evaluations.find(ids)).map((evaluation) => [evaluation.id, evaluation]));
      return ids.map((id) => found.get(id) ?? new Error(`There is no evaluation ${id}.`));
    }),
    confusion: new DataLoader((ids) => Promise.all(ids.map((id) => confusionOf(evaluations, id)))),
    model: existing(modelOrNull),
    modelOrNull,
    modelVersion: existing(modelVersionOrNull),
    modelVersionOrNull,
    modelExport: existing(modelExportOrNull),
    modelExportOrNull,
    namedModelVersion: optional((names) => models.findNamedVersions(names), modelVersionName),
    latestModelVersion: optional(
      (ids) => models.latestVersions(ids),
      (version) => version.modelId,
    ),
    aliasesOfModel: grouped(
      (ids) => models.aliasesOfModels(ids),
      (alias) => alias.modelId,
    ),
    aliasesOfVersion: grouped(
      (ids) => models.aliasesOfVersions(ids),
      (alias) => alias.versionId,
    ),
  };
}

/** Reads pages of epochs with one statement per distinct page, whatever the number of runs. */
async function epochsOf(
  runs: RunStore,
  keys: readonly EpochsKey[],
): Promise<readonly (readonly EpochRecord[])[]> {
  const byPage = Map.groupBy(keys, ({ first, after }) => `${first} ${after}`);
  const found = new Map<EpochsKey, readonly EpochRecord[]>();
  await Promise.all(
    Array.from(byPage.values(), async (ofPage) => {
      const [page] = ofPage;
      const epochs = await runs.epochsOf(
        ofPage.map(({ runId }) => runId),
        page,
      );
      for (const key of ofPage) found.set(key, epochs.get(key.runId) ?? []);
    }),
  );
  return keys.map((key) => found.get(key) ?? []);
}

/** Reads each matrix with its own statement, because a matrix of many samples takes megabytes. */
async function confusionOf(evaluations: EvaluationStore, id: number): Promise<ConfusionMatrix> {
  const confusion = await evaluations.confusion(id);
  if (confusion === null) throw new Error("A better checkpoint has just replaced the evaluation. Ask again.");
  return confusion;
}

const byId = (record: { readonly id: string }): string => record.id;

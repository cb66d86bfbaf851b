import DataLoader from "dataloader";
import type {
  ClassCountRecord,
  DatasetRecord,
  DatasetVersionRecord,
  SampleRecord,
} from "../core/dataset-records.js";
import type { Split } from "../core/enumerations.js";
import type { CheckpointRecord, EpochRecord } from "../core/run-events.js";
import type { DatasetStore } from "../data/dataset-store.js";
import type { ModelAliasRecord, ModelRecord, ModelVersionRecord } from "../registry/model-records.js";
import type { ModelStore } from "../registry/model-store.js";
import type { ExperimentStore } from "../training/experiment-store.js";
import type { ExperimentRecord, MetricSummaryRecord, RunRecord } from "../training/run-records.js";
import type { RunStore } from "../training/run-store.js";
import { existing, grouped, mapped, optional } from "./loading.js";

export interface LoaderSources {
  readonly datasets: DatasetStore;
  readonly experiments: ExperimentStore;
  readonly runs: RunStore;
  readonly models: ModelStore;
}

type ById<Value> = DataLoader<string, Value>;

/** One loader per relation: whatever a request asks for, each relation costs one statement per level. */
export interface Loaders {
  readonly dataset: ById<DatasetRecord>;
  readonly datasetOrNull: ById<DatasetRecord | null>;
  readonly datasetVersion: ById<DatasetVersionRecord>;
  readonly datasetVersionOrNull: ById<DatasetVersionRecord | null>;
  /** By data set. */
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
  /** By run, as are the next four. */
  readonly queuePosition: ById<number | null>;
  readonly metricSummaries: ById<readonly MetricSummaryRecord[]>;
  readonly epochs: ById<readonly EpochRecord[]>;
  readonly checkpoints: ById<readonly CheckpointRecord[]>;
  readonly modelVersionsOfRun: ById<readonly ModelVersionRecord[]>;
  readonly model: ById<ModelRecord>;
  readonly modelOrNull: ById<ModelRecord | null>;
  readonly modelVersion: ById<ModelVersionRecord>;
  readonly modelVersionOrNull: ById<ModelVersionRecord | null>;
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

/** Loaders for one request: they remember what they read, so they must not outlive it. */
export function createLoaders({ datasets, experiments, runs, models }: LoaderSources): Loaders {
  const datasetOrNull = optional((ids) => datasets.findDatasets(ids), byId);
  const datasetVersionOrNull = optional((ids) => datasets.findVersions(ids), byId);
  const experimentOrNull = optional((ids) => experiments.find(ids), byId);
  const runOrNull = optional((ids) => runs.find(ids), byId);
  const modelOrNull = optional((ids) => models.findModels(ids), byId);
  const modelVersionOrNull = optional((ids) => models.findVersions(ids), byId);
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
    metricSummaries: grouped(
      (ids) => runs.summaries(ids),
      (summary) => summary.runId,
    ),
    epochs: mapped((ids) => runs.epochsOf(ids), []),
    checkpoints: mapped((ids) => runs.checkpoints(ids), []),
    modelVersionsOfRun: grouped(
      (ids) => models.versionsOfRuns(ids),
      (version) => version.runId,
    ),
    model: existing(modelOrNull),
    modelOrNull,
    modelVersion: existing(modelVersionOrNull),
    modelVersionOrNull,
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

const byId = (record: { readonly id: string }): string => record.id;

import type { ComputePrecision } from "../core/enumerations.js";
import type { InputContract } from "../core/input-contract.js";
import type { EpochMetricValues } from "../core/metrics/epoch-metrics.js";
import type { RunConfiguration } from "../core/runs/configuration.js";
import type { LayerWidths } from "../core/runs/layer-widths.js";

/** A named series of versions, for example "flowers". */
export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
}

/**
 * A network with its weights, exported from the best checkpoint of a run. It is immutable: what it says about its
 * checkpoint does not follow the run. Versions of earlier releases lack what the database could not prove any more.
 */
export interface ModelVersionRecord {
  readonly id: string;
  readonly modelId: string;
  readonly modelName: string;
  /** From 1, without gaps within a model; "flowers:3" is number 3. */
  readonly number: number;
  readonly description: string;
  readonly runId: string;
  readonly datasetVersionId: string;
  /** The epoch of the run that the weights come from, from 1. */
  readonly epoch: number;
  /** Digest of the checkpoint; null if it is not known. */
  readonly checkpointSha256: string | null;
  /** In the order of the network's outputs. */
  readonly classNames: readonly string[];
  readonly imageSizePixels: number;
  readonly inputContract: InputContract;
  /** The configuration of the run at that time; null if it is not known. */
  readonly configuration: RunConfiguration | null;
  /** The metrics of the epoch; null if they are not known. */
  readonly metrics: EpochMetricValues | null;
  /** Ids of the checkpoint's evaluations; null where it was not evaluated on the split, or not yet. */
  readonly validationEvaluationId: number | null;
  readonly testEvaluationId: number | null;
  readonly parameterCount: number;
  /** Total size of the exported files. */
  readonly sizeBytes: number;
  /** SHA-256 of the exported files (see `engine/folder-digest.ts`). */
  readonly sha256: string;
  readonly createdAt: Date;
}

/** A movable name for one version of a model: "flowers@champion". */
export interface ModelAliasRecord {
  readonly modelId: string;
  readonly name: string;
  readonly versionId: string;
}

/** The part of a run that registration needs. */
export interface TrainedRun {
  readonly id: string;
  /** As stored on the run, with every default. */
  readonly configuration: RunConfiguration;
  /** The precision it was trained in. */
  readonly precision: ComputePrecision;
  readonly parameterCount: number;
  /** Widths of a pruned network; null: those of the architecture. */
  readonly layerWidths: LayerWidths | null;
  readonly datasetVersionId: string;
  /** "flowers:3" */
  readonly datasetRef: string;
  /** SHA-256 of the manifest of the dataset version; null only for versions that never became READY. */
  readonly datasetHash: string | null;
  readonly classNames: readonly string[];
  readonly bestCheckpoint: BestCheckpoint | null;
}

export interface BestCheckpoint {
  readonly epoch: number;
  /** Folder below the run's `checkpoints`. */
  readonly folder: string;
  readonly sha256: string;
  /** The metrics of the epoch; null if they are not recorded. */
  readonly metrics: EpochMetricValues | null;
}

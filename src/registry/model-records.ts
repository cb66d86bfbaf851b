import type { ComputePrecision } from "../core/enumerations.js";
import type { RunConfiguration } from "../core/run-configuration.js";

/** A named line of versions, for example "flowers". */
export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
}

/** A network with its weights, exported from a run's best checkpoint; never changed afterwards. */
export interface ModelVersionRecord {
  readonly id: string;
  readonly modelId: string;
  readonly modelName: string;
  /** From 1, without gaps within a model; "flowers:3" is number 3. */
  readonly number: number;
  readonly description: string;
  readonly runId: string;
  readonly datasetVersionId: string;
  /** Epoch of the run whose weights these are, from 1. */
  readonly epoch: number;
  /** In the order of the network's outputs. */
  readonly classNames: readonly string[];
  readonly imageSizePixels: number;
  readonly parameterCount: number;
  /** Of all files of the export. */
  readonly sizeBytes: number;
  /** Of the exported files (see `engine/folder-digest.ts`). */
  readonly sha256: string;
  readonly createdAt: Date;
}

/** A movable name for one version of a model: "flowers@champion". */
export interface ModelAliasRecord {
  readonly modelId: string;
  readonly name: string;
  readonly versionId: string;
}

/** What registering needs to know of a run. */
export interface TrainedRun {
  readonly id: string;
  /** As stored on the run: every default filled in. */
  readonly configuration: RunConfiguration;
  /** What it trained in. */
  readonly precision: ComputePrecision;
  readonly parameterCount: number;
  readonly datasetVersionId: string;
  /** "flowers:3" */
  readonly datasetRef: string;
  /** SHA-256 of the dataset version's manifest; null only for data that never became READY. */
  readonly datasetHash: string | null;
  readonly classNames: readonly string[];
  readonly bestCheckpoint: BestCheckpoint | null;
}

export interface BestCheckpoint {
  readonly epoch: number;
  /** Folder below the run's `checkpoints`. */
  readonly folder: string;
  readonly sha256: string;
}

import type { MetricValue, Operation, UserError } from "../../src/client/operations.js";

/** A SplitInput: the fractions of validation and test; what is left is for training. */
export interface SplitFractions {
  readonly validation: number;
  readonly test: number;
  readonly seed?: number;
}

/** An ImportSourceInput. */
export type ImportSource =
  | { readonly uploadId: string }
  /** Below the server's import root. */
  | { readonly folder: string };

export const IMPORT: Operation<
  { importDataset: { datasetVersion: { id: string } | null; userErrors: UserError[] } },
  { dataset: string; source: ImportSource; split: SplitFractions }
> = {
  document: `mutation BenchImport($dataset: String!, $source: ImportSourceInput!, $split: SplitInput!) {
  importDataset(input: { dataset: $dataset, source: $source, split: $split }) {
    datasetVersion { id }
    userErrors { code message }
  }
}`,
};

export interface FinishedEpoch {
  readonly number: number;
  /** Training, validation and checkpoint. */
  readonly seconds: number;
  /** While training, validation left out. */
  readonly imagesPerSecond: number;
  readonly trainLoss: MetricValue;
  readonly validationTop1: MetricValue;
}

export type MeasuredRunEvent = { readonly at: string } & (
  | {
      readonly __typename: "RunStateChanged";
      readonly to: string;
      readonly reason: string | null;
      readonly detail: string | null;
    }
  | { readonly __typename: "EpochCompleted"; readonly epoch: FinishedEpoch }
  | {
      readonly __typename: "TrainingProgress";
      readonly progress: { readonly epoch: number; readonly step: number; readonly stepsPerEpoch: number };
    }
  | { readonly __typename: "RunWarning"; readonly message: string }
  | { readonly __typename: "CheckpointSaved" }
);

export const RUN_EVENTS: Operation<{ runEvents: MeasuredRunEvent }, { runId: string }> = {
  document: `subscription BenchRunEvents($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    at
    ... on RunStateChanged { to reason detail }
    ... on EpochCompleted {
      epoch { number seconds imagesPerSecond trainLoss { value } validationTop1 { value } }
    }
    ... on TrainingProgress { progress { epoch step stepsPerEpoch } }
    ... on RunWarning { message }
  }
}`,
};

export const CANCEL_RUN: Operation<{ cancelRun: { userErrors: UserError[] } }, { runId: string }> = {
  document: `mutation BenchCancel($runId: ID!) {
  cancelRun(input: { runId: $runId }) { userErrors { code message } }
}`,
};

export interface RunSettings {
  readonly environment: {
    readonly precision: string;
    readonly device: string;
    readonly tensorflowVersion: string;
  } | null;
}

export const RUN_SETTINGS: Operation<{ run: RunSettings | null }, { runId: string }> = {
  document: `query BenchRunSettings($runId: ID!) {
  run(id: $runId) { environment { precision device tensorflowVersion } }
}`,
};

export interface Evaluated {
  readonly sampleCount: number;
  /** Fraction in [0, 1]. */
  readonly top1: number;
}

export const RUN_RESULT: Operation<
  { run: { validation: Evaluated | null; test: Evaluated | null } | null },
  { runId: string }
> = {
  document: `query BenchRunResult($runId: ID!) {
  run(id: $runId) {
    validation: evaluation(split: VALIDATION) { sampleCount top1 }
    test: evaluation(split: TEST) { sampleCount top1 }
  }
}`,
};

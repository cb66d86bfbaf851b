import type { Operation } from "../src/client/operations.js";

/** A metric's value; null and the kind where it is not a finite number. */
export interface MetricValue {
  readonly value: number | null;
  readonly kind: string;
}

/** What an epoch gave, without the figures that measure time. */
export interface EpochFigures {
  readonly number: number;
  readonly trainLoss: MetricValue;
  readonly validationLoss: MetricValue;
  readonly trainTop1: MetricValue;
  readonly validationTop1: MetricValue;
  readonly validationTop5: MetricValue;
  readonly learningRate: number;
}

export interface Checkpoint {
  readonly epoch: number;
  readonly step: number;
  readonly best: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A durable event as the API tells it; `sequence` counts the run's from 1. */
export type RunEvent = { readonly sequence: number; readonly cursor: string; readonly at: string } & (
  | {
      readonly __typename: "RunStateChanged";
      readonly from: string | null;
      readonly to: string;
      readonly reason: string | null;
      readonly detail: string | null;
    }
  | { readonly __typename: "EpochCompleted"; readonly epoch: EpochFigures; readonly improved: boolean }
  | { readonly __typename: "CheckpointSaved"; readonly checkpoint: Checkpoint }
  | { readonly __typename: "RunWarning"; readonly code: string; readonly message: string }
);

/** How far a run is: the newest only, which nobody is told again. */
export interface TrainingProgress {
  readonly __typename: "TrainingProgress";
  readonly cursor: string;
}

const EPOCH = `number trainLoss { value kind } validationLoss { value kind } trainTop1 { value kind }
    validationTop1 { value kind } validationTop5 { value kind } learningRate`;
const CHECKPOINT = "epoch step best sizeBytes sha256";
const EVENT = `__typename sequence cursor at
    ... on RunStateChanged { from to reason detail }
    ... on EpochCompleted { improved epoch { ${EPOCH} } }
    ... on CheckpointSaved { checkpoint { ${CHECKPOINT} } }
    ... on RunWarning { code message }`;

export const FOLLOW_RUN: Operation<
  { runEvents: RunEvent | TrainingProgress },
  { runId: string; after: string | null }
> = {
  document: `subscription TortureFollow($runId: ID!, $after: String) {
  runEvents(runId: $runId, after: $after) {
    ${EVENT}
  }
}`,
};

export const LIST_EVENTS: Operation<
  {
    run: {
      events: { nodes: RunEvent[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    } | null;
  },
  { runId: string; after: string | null }
> = {
  document: `query TortureEvents($runId: ID!, $after: String) {
  run(id: $runId) {
    events(first: 200, after: $after) {
      nodes {
        ${EVENT}
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}`,
};

export interface Evaluation {
  readonly split: string;
  readonly sampleCount: number;
  readonly loss: MetricValue;
  readonly top1: number;
  readonly top5: number;
  readonly expectedCalibrationError: number;
  readonly confusion: readonly (readonly number[])[];
}

export interface RunResult {
  readonly state: string;
  readonly endReason: string | null;
  readonly endDetail: string | null;
  readonly metrics: readonly {
    readonly key: string;
    readonly last: MetricValue;
    readonly best: MetricValue | null;
    readonly bestEpoch: number | null;
  }[];
  readonly epochs: readonly EpochFigures[];
  readonly checkpoints: readonly Checkpoint[];
  readonly validation: Evaluation | null;
  readonly test: Evaluation | null;
  readonly artifacts: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly url: string;
  }[];
}

const EVALUATION = "split sampleCount loss { value kind } top1 top5 expectedCalibrationError confusion";

export const RUN_RESULT: Operation<{ run: RunResult | null }, { runId: string }> = {
  document: `query TortureResult($runId: ID!) {
  run(id: $runId) {
    state endReason endDetail
    metrics { key last { value kind } best { value kind } bestEpoch }
    epochs { ${EPOCH} }
    checkpoints { ${CHECKPOINT} }
    validation: evaluation(split: VALIDATION) { ${EVALUATION} }
    test: evaluation(split: TEST) { ${EVALUATION} }
    artifacts { name sha256 url }
  }
}`,
};

export interface MetricHistory {
  readonly thinned: boolean;
  readonly points: readonly ({ readonly step: number } & MetricValue)[];
}

export const METRIC_HISTORY: Operation<
  { run: { metricHistory: MetricHistory } | null },
  { runId: string; key: string }
> = {
  document: `query TortureMetric($runId: ID!, $key: String!) {
  run(id: $runId) { metricHistory(key: $key, maxPoints: 5000) { thinned points { step value kind } } }
}`,
};

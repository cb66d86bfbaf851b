import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../src/client/generated/gql.js";

// The figures of an epoch, without those that measure time.
graphql(`fragment TortureEpoch on Epoch {
  number
  trainLoss { value kind }
  validationLoss { value kind }
  trainTop1 { value kind }
  validationTop1 { value kind }
  validationTop5 { value kind }
  learningRate
}`);

graphql(`fragment TortureCheckpoint on Checkpoint { epoch step best sizeBytes sha256 }`);

graphql(`fragment TortureEvaluation on Evaluation {
  split
  sampleCount
  loss { value kind }
  top1
  top5
  expectedCalibrationError
  confusion
}`);

graphql(`fragment TortureEvent on RunEvent {
  __typename
  sequence
  cursor
  at
  ... on RunStateChanged { from to reason detail }
  ... on EpochCompleted { improved epoch { ...TortureEpoch } }
  ... on CheckpointSaved { checkpoint { ...TortureCheckpoint } }
  ... on RunWarning { code message }
}`);

export const FOLLOW_RUN = graphql(`subscription TortureFollow($runId: ID!, $after: String) {
  runEvents(runId: $runId, after: $after) { ...TortureEvent }
}`);

export const LIST_EVENTS = graphql(`query TortureEvents($runId: ID!, $after: String) {
  run(id: $runId) {
    events(first: 200, after: $after) {
      nodes { ...TortureEvent }
      pageInfo { hasNextPage endCursor }
    }
  }
}`);

export const RUN_RESULT = graphql(`query TortureResult($runId: ID!) {
  run(id: $runId) {
    state
    endReason
    endDetail
    metrics { key last { value kind } best { value kind } bestEpoch }
    epochs { ...TortureEpoch }
    checkpoints { ...TortureCheckpoint }
    validation: evaluation(split: VALIDATION) { ...TortureEvaluation }
    test: evaluation(split: TEST) { ...TortureEvaluation }
    artifacts { name sha256 url }
  }
}`);

export const METRIC_HISTORY = graphql(`query TortureMetric($runId: ID!, $key: String!) {
  run(id: $runId) {
    metricHistory(key: $key, maxPoints: 5000) { thinned points { step value kind } }
  }
}`);

type AnyEvent = ResultOf<typeof FOLLOW_RUN>["runEvents"];

/** A durable event; `sequence` counts those of the run from 1. */
export type RunEvent = Exclude<AnyEvent, { readonly __typename: "TrainingProgress" }>;

export type RunResult = NonNullable<ResultOf<typeof RUN_RESULT>["run"]>;
export type EpochFigures = RunResult["epochs"][number];
export type Checkpoint = RunResult["checkpoints"][number];
export type Evaluation = NonNullable<RunResult["validation"]>;
/** A metric's value; null and the kind where it is not a finite number. */
export type MetricValue = EpochFigures["trainLoss"];

/** Progress is not durable: only the newest is sent, and a client that reconnects never gets it again. */
export function isDurable(event: AnyEvent): event is RunEvent {
  return event.__typename !== "TrainingProgress";
}

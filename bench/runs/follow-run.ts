import type { ResultOf } from "@graphql-typed-document-node/core";
import type { ApiClient } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { BenchContext } from "../benchmark.js";

const RUN_EVENTS = graphql(`subscription BenchRunEvents($runId: ID!) {
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
}`);

export type MeasuredRunEvent = ResultOf<typeof RUN_EVENTS>["runEvents"];

export type FinishedEpoch = Extract<MeasuredRunEvent, { readonly __typename: "EpochCompleted" }>["epoch"];

const RUN_PRECISION = graphql(`query BenchRunPrecision($runId: ID!) {
  run(id: $runId) { environment { precision } }
}`);

/**
 * Yields a run's events until it ends, and reports its warnings.
 *
 * @throws ClientError with the run's end reason when it fails
 */
export async function* followRun(
  api: ApiClient,
  runId: string,
  { report, signal }: BenchContext,
): AsyncGenerator<MeasuredRunEvent, void> {
  for await (const { runEvents: event } of api.follow(RUN_EVENTS, { runId })) {
    signal.throwIfAborted();
    if (event.__typename === "RunWarning") report(event.message);
    if (event.__typename === "RunStateChanged" && event.to === "FAILED") {
      const reason = event.reason ?? event.to;
      throw new ClientError(reason, `The run failed: ${event.detail ?? reason}`);
    }
    yield event;
  }
}

/** Returns the precision that a run computes in on this machine, which AUTO leaves open. */
export async function precisionOf(api: ApiClient, runId: string): Promise<string> {
  const { run } = await api.request(RUN_PRECISION, { runId });
  return run?.environment?.precision ?? "unknown";
}

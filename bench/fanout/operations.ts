import type { Operation } from "../../src/client/operations.js";

/** What a dashboard shows of each event. */
export const RUN_EVENTS: Operation<unknown, { runId: string }> = {
  document: `subscription FanoutEvents($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    cursor
    sequence
    at
    ... on RunStateChanged { from to reason detail }
    ... on RunWarning { code message }
  }
}`,
};

import assert from "node:assert/strict";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../../../src/client/generated/gql.js";
import type { TestServer } from "./server.js";

graphql(`fragment TestControlledRun on Run {
  id state priority queuePosition attempt endReason
  configuration { checkpointEveryMinutes extendedAfterEpochs }
}`);

const PAUSE_RUN = graphql(`mutation TestPauseRun($id: ID!) {
  payload: pauseRun(input: { runId: $id }) { run { ...TestControlledRun } userErrors { code message path } }
}`);

/** Mutations that change the state of a run, by their name. */
export const RUN_CONTROLS = {
  pauseRun: PAUSE_RUN,
  resumeRun: graphql(`mutation TestResumeRun($id: ID!) {
    payload: resumeRun(input: { runId: $id }) { run { ...TestControlledRun } userErrors { code message path } }
  }`),
  cancelRun: graphql(`mutation TestCancelRun($id: ID!) {
    payload: cancelRun(input: { runId: $id }) { run { ...TestControlledRun } userErrors { code message path } }
  }`),
  retryRun: graphql(`mutation TestRetryRun($id: ID!) {
    payload: retryRun(input: { runId: $id }) { run { ...TestControlledRun } userErrors { code message path } }
  }`),
};

export const EXTEND_RUN = graphql(`mutation TestExtendRun($id: ID!, $epochs: Int!) {
  payload: extendRun(input: { runId: $id, epochs: $epochs }) {
    run { ...TestControlledRun }
    userErrors { code message path }
  }
}`);

const DELETE_RUN = graphql(`mutation TestDeleteRun($id: ID!) {
  deleteRun(input: { runId: $id }) { deletedId userErrors { code message } }
}`);

export type ControlPayload = ResultOf<typeof PAUSE_RUN>["payload"];
export type ControlledRun = NonNullable<ControlPayload["run"]>;

/** @returns the run after a mutation that must succeed */
export async function controlRun(
  { editor }: TestServer,
  mutation: keyof typeof RUN_CONTROLS,
  id: string,
): Promise<ControlledRun> {
  const { payload } = await editor.ask(RUN_CONTROLS[mutation], { id });
  return changedRun(payload);
}

/** @returns the run, which has more epochs to train and waits in the queue */
export async function extendRun({ editor }: TestServer, id: string, epochs: number): Promise<ControlledRun> {
  const { payload } = await editor.ask(EXTEND_RUN, { id, epochs });
  return changedRun(payload);
}

function changedRun({ run, userErrors }: ControlPayload): ControlledRun {
  assert.deepEqual(userErrors, []);
  assert.ok(run);
  return run;
}

/** @returns the payload, with user errors or the id of the run */
export async function deleteRun({ editor }: TestServer, id: string) {
  const { deleteRun: payload } = await editor.ask(DELETE_RUN, { id });
  return payload;
}

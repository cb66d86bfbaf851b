import assert from "node:assert/strict";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { drawFlowerArchive } from "../files/flower-archive.js";
import type { TestServer } from "./server.js";

const CREATE_UPLOAD = graphql(`mutation TestUpload {
  createUpload(input: {}) { uploadId putUrl userErrors { code message } }
}`);

const IMPORT_FLOWERS = graphql(`mutation TestImport($uploadId: ID!) {
  importDataset(input: { dataset: "flowers", source: { uploadId: $uploadId } }) {
    datasetVersion { id ref }
    userErrors { code message }
  }
}`);

const FOLLOW_IMPORT = graphql(`subscription TestFollowImport($id: ID!) {
  importEvents(datasetVersionId: $id) { cursor }
}`);

const LAUNCH_RUN = graphql(`mutation TestLaunch($input: LaunchRunInput!) {
  launchRun(input: $input) { run { id } userErrors { code message } }
}`);

const FOLLOW_RUN = graphql(`subscription TestFollowRun($id: ID!) { runEvents(runId: $id) { cursor } }`);

/** @returns the id of the upload */
export async function uploadBytes({ editor }: TestServer, bytes: Uint8Array): Promise<string> {
  const { createUpload } = await editor.ask(CREATE_UPLOAD);
  const { uploadId, putUrl, userErrors } = createUpload;
  assert.ok(uploadId !== null && putUrl !== null, JSON.stringify(userErrors));
  const body = new Blob([new Uint8Array(bytes)]);
  assert.equal((await editor.fetch(putUrl, { method: "PUT", body })).status, 200);
  return uploadId;
}

/** Uploads and imports drawn flowers as the dataset "flowers". @returns the reference of the version */
export async function importFlowers(server: TestServer, perClass = 8): Promise<string> {
  const { editor, viewer } = server;
  const uploadId = await uploadBytes(server, await drawFlowerArchive(perClass));
  const { importDataset } = await editor.ask(IMPORT_FLOWERS, { uploadId });
  assert.deepEqual(importDataset.userErrors, []);
  assert.ok(importDataset.datasetVersion);
  const { id, ref } = importDataset.datasetVersion;
  for await (const { errors } of viewer.follow(FOLLOW_IMPORT, { id })) assert.equal(errors, undefined);
  return ref;
}

/** @returns the id of the run */
export async function launchRun(
  { editor }: TestServer,
  dataset: string,
  configuration: RunConfigurationInput,
): Promise<string> {
  const { launchRun } = await editor.ask(LAUNCH_RUN, {
    input: { experiment: "flowers", dataset, configuration },
  });
  assert.deepEqual(launchRun.userErrors, []);
  assert.ok(launchRun.run);
  return launchRun.run.id;
}

/** Waits until the run has ended. */
export async function awaitRun({ viewer }: TestServer, id: string): Promise<void> {
  for await (const { errors } of viewer.follow(FOLLOW_RUN, { id })) assert.equal(errors, undefined);
}

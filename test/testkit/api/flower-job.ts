import assert from "node:assert/strict";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { drawFlowerArchive } from "../files/flower-archive.js";
import type { TestServer } from "./server.js";

/** Clients of a server, in this process or another one. */
export type Clients = Pick<TestServer, "editor" | "viewer">;

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
export async function uploadBytes(
  { editor }: Pick<TestServer, "editor">,
  bytes: Uint8Array,
): Promise<string> {
  const { createUpload } = await editor.ask(CREATE_UPLOAD);
  const { uploadId, putUrl, userErrors } = createUpload;
  assert.ok(uploadId !== null && putUrl !== null, JSON.stringify(userErrors));
  const body = new Blob([new Uint8Array(bytes)]);
  assert.equal((await editor.fetch(putUrl, { method: "PUT", body })).status, 200);
  return uploadId;
}

/** Uploads and imports drawn flowers as the dataset "flowers". @returns the reference of the version */
export async function importFlowers(server: Clients, perClass = 8): Promise<string> {
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
  { editor }: Pick<TestServer, "editor">,
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
export async function awaitRun({ viewer }: Pick<TestServer, "viewer">, id: string): Promise<void> {
  for await (const { errors } of viewer.follow(FOLLOW_RUN, { id })) assert.equal(errors, undefined);
}

const TINY_CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  batchNormalization: true,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  precision: "FLOAT32",
  batchSize: 4,
  epochs: 1,
};

const REGISTER = graphql(`mutation TestRegister($runId: ID!, $model: String!) {
  registerModelVersion(input: { model: $model, runId: $runId }) { modelVersion { ref } userErrors { code message } }
}`);

/** Imports flowers, trains a tiny network and registers it. @returns the reference of the model version */
export async function trainFlowers(server: Clients, model = "flowers"): Promise<string> {
  const runId = await launchRun(server, await importFlowers(server), TINY_CONFIGURATION);
  await awaitRun(server, runId);
  const { registerModelVersion } = await server.editor.ask(REGISTER, { runId, model });
  assert.deepEqual(registerModelVersion.userErrors, []);
  assert.ok(registerModelVersion.modelVersion);
  return registerModelVersion.modelVersion.ref;
}

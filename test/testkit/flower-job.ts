import assert from "node:assert/strict";
import { drawFlowerArchive } from "./flower-archive.js";
import type { TestServer } from "./server.js";

/** Uploads and imports drawn flowers as the data set "flowers". @returns the reference of the version */
export async function importFlowers({ editor, viewer }: TestServer, perClass = 8): Promise<string> {
  const { createUpload } = await editor.ask<{ createUpload: { uploadId: string; putUrl: string } }>(
    "mutation { createUpload(input: {}) { uploadId putUrl } }",
  );
  const archive = await drawFlowerArchive(perClass);
  assert.equal(
    (await editor.fetch(createUpload.putUrl, { method: "PUT", body: new Blob([new Uint8Array(archive)]) }))
      .status,
    200,
  );
  const { importDataset } = await editor.ask<{
    importDataset: { datasetVersion: { id: string; ref: string } };
  }>(
    `mutation Import($id: ID!) { importDataset(input: { dataset: "flowers", source: { uploadId: $id } }) { datasetVersion { id ref } } }`,
    { id: createUpload.uploadId },
  );
  const { id, ref } = importDataset.datasetVersion;
  for await (const { errors } of viewer.follow(
    "subscription Watch($id: ID!) { importEvents(datasetVersionId: $id) { cursor } }",
    { id },
  )) {
    assert.equal(errors, undefined);
  }
  return ref;
}

/** @returns the id of the run */
export async function launchRun(
  { editor }: TestServer,
  dataset: string,
  configuration: object,
): Promise<string> {
  const { launchRun } = await editor.ask<{ launchRun: { run: { id: string }; userErrors: object[] } }>(
    "mutation Launch($input: LaunchRunInput!) { launchRun(input: $input) { run { id } userErrors { code message } } }",
    { input: { experiment: "flowers", dataset, configuration } },
  );
  assert.deepEqual(launchRun.userErrors, []);
  return launchRun.run.id;
}

/** Waits until the run has ended. */
export async function awaitRun({ viewer }: TestServer, id: string): Promise<void> {
  const query = "subscription Watch($id: ID!) { runEvents(runId: $id) { cursor } }";
  for await (const { errors } of viewer.follow(query, { id })) assert.equal(errors, undefined);
}

import assert from "node:assert/strict";
import { graphql } from "../../../src/client/generated/gql.js";
import type { ExportModelVersionInput } from "../../../src/client/generated/graphql.js";
import type { Clients } from "./flower-job.js";

const EXPORT = graphql(`mutation TestExport($input: ExportModelVersionInput!) {
  exportModelVersion(input: $input) { modelExport { id state } userErrors { code message path } }
}`);

const FOLLOW = graphql(`subscription TestFollowExport($id: ID!, $after: String) {
  exportEvents(exportId: $id, after: $after) {
    __typename cursor sequence
    modelExport { id state }
    ... on ExportProgress { stage imagesDone imagesTotal }
  }
}`);

const FIND = graphql(`query TestFindExport($id: ID!) {
  node(id: $id) {
    ... on ModelExport {
      id format precision state calibrationImages proofImages rejectionReasons writingSeconds attempts
      createdAt startedAt finishedAt
      modelVersion { ref }
      progress { stage imagesDone imagesTotal }
      bounds { maximumProbabilityDifference minimumTop1Agreement maximumAccuracyLoss }
      failure { code message }
      file { name sizeBytes sha256 url }
      proof {
        status reason runtime runtimeVersion split imageCount maximumProbabilityDifference maximumLogitDifference
        top1Agreement accuracy originalAccuracy fileSizeBytes millisecondsPerImage originalMillisecondsPerImage
      }
      usage { runtime language install code }
    }
  }
}`);

/** Starts an export. @returns its id */
export async function startExport({ editor }: Clients, input: ExportModelVersionInput): Promise<string> {
  const { exportModelVersion } = await editor.ask(EXPORT, { input });
  assert.deepEqual(exportModelVersion.userErrors, []);
  assert.ok(exportModelVersion.modelExport);
  return exportModelVersion.modelExport.id;
}

/** The errors of an export that must be refused. */
export async function refusedExport({ editor }: Clients, input: ExportModelVersionInput) {
  const { exportModelVersion } = await editor.ask(EXPORT, { input });
  assert.equal(exportModelVersion.modelExport, null);
  return exportModelVersion.userErrors;
}

/** The events of an export until it ends or the caller stops. */
export async function* exportEvents({ viewer }: Clients, id: string, after: string | null = null) {
  for await (const { data, errors } of viewer.follow(FOLLOW, { id, after })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.ok(data);
    yield data.exportEvents;
  }
}

export async function findExport({ viewer }: Clients, id: string) {
  const { node } = await viewer.ask(FIND, { id });
  assert.ok(node && "state" in node);
  return node;
}

/** Waits until the export has ended. @returns it */
export async function awaitExport(server: Clients, id: string) {
  for await (const _event of exportEvents(server, id));
  return findExport(server, id);
}

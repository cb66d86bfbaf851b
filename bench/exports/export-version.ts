import type { ResultOf } from "@graphql-typed-document-node/core";
import { type ApiClient, resultOf } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { ExportModelVersionInput } from "../../src/client/generated/graphql.js";

const EXPORT = graphql(`mutation BenchExport($input: ExportModelVersionInput!) {
  exportModelVersion(input: $input) {
    modelExport { id }
    userErrors { code message }
  }
}`);

const EVENTS = graphql(`subscription BenchExportEvents($exportId: ID!) {
  exportEvents(exportId: $exportId) {
    __typename
    modelExport {
      id
      format
      precision
      state
      failure { code message }
      rejectionReasons
      writingSeconds
      file { sizeBytes }
      proof {
        status
        imageCount
        maximumProbabilityDifference
        top1Agreement
        accuracy
        originalAccuracy
        millisecondsPerImage
        originalMillisecondsPerImage
      }
    }
  }
}`);

export type FinishedExport = ResultOf<typeof EVENTS>["exportEvents"]["modelExport"];

/** Exports a model version and waits for the end. @throws ClientError when the export does not begin */
export async function exportVersion(api: ApiClient, input: ExportModelVersionInput): Promise<FinishedExport> {
  const { exportModelVersion: payload } = await api.request(EXPORT, { input });
  const { id: exportId } = resultOf(payload.modelExport, payload.userErrors);
  for await (const { exportEvents: event } of api.follow(EVENTS, { exportId })) {
    if (event.__typename === "ExportFinished") return event.modelExport;
  }
  throw new ClientError("EXPORT_LOST", "The export's events ended before it did.");
}

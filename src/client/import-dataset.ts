import type { ResultOf } from "@graphql-typed-document-node/core";
import { type ApiClient, resultOf } from "./api-client.js";
import { ClientError } from "./client-error.js";
import { graphql } from "./generated/gql.js";
import type { ImportDatasetInput } from "./generated/graphql.js";

const IMPORT_DATASET = graphql(`mutation ImportDataset($input: ImportDatasetInput!) {
  importDataset(input: $input) {
    datasetVersion { id }
    userErrors { code message }
  }
}`);

const IMPORT_EVENTS = graphql(`subscription DatasetImportEvents($datasetVersionId: ID!) {
  importEvents(datasetVersionId: $datasetVersionId) {
    __typename
    ... on ImportProgress { filesDone filesTotal }
    ... on ImportFinished {
      datasetVersion {
        ref
        number
        status
        hash
        failure { code message }
        sampleCount
        quarantinedCount
        classes { name test }
        splits { split sampleCount }
        quarantine(first: 200) { nodes { reason } }
      }
    }
  }
}`);

type ImportEvent = ResultOf<typeof IMPORT_EVENTS>["importEvents"];

export type ImportProgress = Extract<ImportEvent, { readonly __typename: "ImportProgress" }>;

/** A version of a dataset whose import has ended. */
export type ImportedVersion = Extract<
  ImportEvent,
  { readonly __typename: "ImportFinished" }
>["datasetVersion"];

/**
 * Imports images as the next version of a dataset and waits until the version is READY.
 *
 * @throws ClientError with the code and message of the import's failure; `IMPORT_LOST` when its events end early
 */
export async function importDataset(
  api: ApiClient,
  input: ImportDatasetInput,
  onProgress: (progress: ImportProgress) => void = () => {},
): Promise<ImportedVersion> {
  const { importDataset: payload } = await api.request(IMPORT_DATASET, { input });
  const { id: datasetVersionId } = resultOf(payload.datasetVersion, payload.userErrors);
  for await (const { importEvents: event } of api.follow(IMPORT_EVENTS, { datasetVersionId })) {
    if (event.__typename === "ImportProgress") onProgress(event);
    if (event.__typename === "ImportFinished") return readyVersion(event.datasetVersion);
  }
  throw new ClientError(
    "IMPORT_LOST",
    "The import's events ended before the import did. The server's log may have the reason.",
  );
}

function readyVersion(version: ImportedVersion): ImportedVersion {
  const { status, failure } = version;
  if (status === "READY") return version;
  throw new ClientError(
    failure?.code ?? "IMPORT_FAILED",
    failure?.message ?? `Expected the import to end READY. It ended ${status}.`,
  );
}

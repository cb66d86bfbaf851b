import { openAsBlob } from "node:fs";
import { type ApiClient, made } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { CREATE_UPLOAD, IMPORT_EVENTS, type ImportedVersion } from "../../src/client/operations.js";
import { IMPORT, type ImportSource, type SplitFractions } from "./operations.js";

/** Sends an archive as a user does. @returns the upload's id */
export async function uploadArchive(api: ApiClient, file: string): Promise<string> {
  const bytes = await openAsBlob(file);
  const { createUpload } = await api.request(CREATE_UPLOAD, { sizeBytes: bytes.size });
  const upload = made(createUpload, createUpload.userErrors);
  await api.put(upload.putUrl, bytes);
  return upload.uploadId;
}

/**
 * Imports class folders as the next version of a data set.
 *
 * @throws ClientError with the code and the words of the import's failure
 */
export async function importPictures(
  api: ApiClient,
  dataset: string,
  source: ImportSource,
  split: SplitFractions,
): Promise<ImportedVersion> {
  const { importDataset } = await api.request(IMPORT, { dataset, source, split });
  const { id } = made(importDataset.datasetVersion, importDataset.userErrors);
  for await (const { importEvents: event } of api.follow(IMPORT_EVENTS, { datasetVersionId: id })) {
    if (event.__typename !== "ImportFinished") continue;
    const { status, failure } = event.datasetVersion;
    if (status === "READY") return event.datasetVersion;
    throw new ClientError(failure?.code ?? "API_ERROR", failure?.message ?? `The import ended ${status}.`);
  }
  throw new ClientError(
    "IMPORT_LOST",
    "The import's events ended before the import did: see the server's log.",
  );
}

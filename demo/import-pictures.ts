import { type ApiClient, made } from "../src/client/api-client.js";
import { ClientError } from "../src/client/client-error.js";
import {
  CREATE_UPLOAD,
  IMPORT_DATASET,
  IMPORT_EVENTS,
  type ImportedVersion,
} from "../src/client/operations.js";
import type { Terminal } from "../src/client/terminal.js";
import type { Archive } from "./pictures.js";
import { progressBar } from "./progress-bar.js";

const BAR_CELLS = 24;

/**
 * Uploads the archive and imports it as the next version of the data set.
 *
 * @throws ClientError with the code and the words of the import's failure
 */
export async function importPictures(
  api: ApiClient,
  terminal: Terminal,
  dataset: string,
  archive: Archive,
): Promise<ImportedVersion> {
  const { createUpload } = await api.request(CREATE_UPLOAD, { sizeBytes: archive.bytes.size });
  const upload = made(createUpload, createUpload.userErrors);
  terminal.live("Uploading");
  await api.put(upload.putUrl, archive.bytes);

  const { importDataset } = await api.request(IMPORT_DATASET, {
    dataset,
    description: archive.description,
    uploadId: upload.uploadId,
  });
  const { id } = made(importDataset.datasetVersion, importDataset.userErrors);
  for await (const { importEvents: event } of api.follow(IMPORT_EVENTS, { datasetVersionId: id })) {
    if (event.__typename === "ImportFinished") return ready(event.datasetVersion);
    const total = event.filesTotal ?? archive.fileCount;
    const done = `${event.filesDone}${total === null ? "" : `/${total}`} files`;
    terminal.live(
      `${progressBar(event.filesDone / (total ?? Number.POSITIVE_INFINITY), BAR_CELLS)}  ${done}`,
    );
  }
  throw new ClientError(
    "IMPORT_LOST",
    "The import's events ended before the import did. Look at the server's log.",
  );
}

function ready(version: ImportedVersion): ImportedVersion {
  if (version.status === "READY") return version;
  const failure = version.failure ?? {
    code: "IMPORT_FAILED",
    message: `The import ended ${version.status}.`,
  };
  throw new ClientError(failure.code, failure.message);
}

/** "2 TRUNCATED, 1 EMPTY" */
export function quarantineSummary(version: ImportedVersion): string {
  const counts = Map.groupBy(version.quarantine.nodes, (file) => file.reason);
  return [...counts].map(([reason, files]) => `${files.length} ${reason}`).join(", ");
}

import type { ApiClient } from "../src/client/api-client.js";
import { type ImportedVersion, importDataset } from "../src/client/import-dataset.js";
import type { Terminal } from "../src/client/terminal.js";
import { uploadFile } from "../src/client/upload-file.js";
import type { Archive } from "./images.js";
import { progressBar } from "./progress-bar.js";

const BAR_CELLS = 24;

/**
 * Uploads the archive and imports it as the next version of the dataset.
 *
 * @throws ClientError with the code and message of the import's failure
 */
export async function importImages(
  api: ApiClient,
  terminal: Terminal,
  dataset: string,
  { bytes, description, fileCount }: Archive,
): Promise<ImportedVersion> {
  terminal.live("Uploading");
  const uploadId = await uploadFile(api, bytes);
  return importDataset(api, { dataset, description, source: { uploadId } }, ({ filesDone, filesTotal }) => {
    const total = filesTotal ?? fileCount;
    const bar = progressBar(filesDone / (total ?? Number.POSITIVE_INFINITY), BAR_CELLS);
    terminal.live(`${bar}  ${filesDone}${total === null ? "" : `/${total}`} files`);
  });
}

/** Counts the quarantined files by their reason: "2 TRUNCATED, 1 EMPTY". */
export function quarantineSummary(version: ImportedVersion): string {
  const counts = Map.groupBy(version.quarantine.nodes, (file) => file.reason);
  return [...counts].map(([reason, files]) => `${files.length} ${reason}`).join(", ");
}

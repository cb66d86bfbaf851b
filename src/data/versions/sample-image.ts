import type { SampleRecord } from "../../core/dataset-records.js";
import type { BlobStore } from "../blobs/blob-store.js";

/**
 * The encoded bytes of a sample's image, as they were imported.
 *
 * @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED`
 */
export function readSampleImage(
  blobs: BlobStore,
  { contentHash, sourceName }: Pick<SampleRecord, "contentHash" | "sourceName">,
): Promise<Uint8Array> {
  return blobs.read(contentHash, {
    name: `The image ${JSON.stringify(sourceName)}`,
    remedy: "Import its dataset again.",
  });
}

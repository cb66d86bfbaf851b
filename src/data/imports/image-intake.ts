import { mapConcurrently } from "../../lang/concurrent-map.js";
import type { BlobBatch } from "../blobs/blob-store.js";
import { type ImageDecoder, ImageRejected } from "../images/decoder.js";
import type { ImportSource, SourceFile } from "../sources/import-source.js";
import type { AcceptedImage, RejectedFile } from "./manifest.js";

/**
 * Files that are read, decoded and stored at the same time, so that decoding one overlaps with writing another. Each
 * takes up to `limits.imageBytes` of memory.
 */
const CONCURRENT_FILES = 8;

export interface Intake {
  readonly accepted: readonly AcceptedImage[];
  readonly rejected: readonly RejectedFile[];
}

/**
 * Decodes every file of a source and stores the images as blobs.
 *
 * @param onFile called after each file with the number of files done
 * @throws AppError from the source; the signal's reason when it aborts
 */
export async function takeIn(
  source: ImportSource,
  decoder: ImageDecoder,
  blobs: BlobBatch,
  onFile: (filesDone: number) => void,
  signal: AbortSignal,
): Promise<Intake> {
  const accepted: AcceptedImage[] = [];
  const rejected: RejectedFile[] = [];
  const take = async (file: SourceFile): Promise<void> => {
    try {
      const bytes = await file.read();
      const size = await decoder.inspect(bytes);
      accepted.push({ sourceName: file.name, contentHash: await blobs.put(bytes), ...size });
    } catch (error) {
      if (!(error instanceof ImageRejected)) throw error;
      rejected.push({ sourceName: file.name, reason: error.reason, detail: error.detail });
    }
    onFile(accepted.length + rejected.length);
  };
  await mapConcurrently(source.files(), CONCURRENT_FILES, take, signal);
  return { accepted, rejected };
}

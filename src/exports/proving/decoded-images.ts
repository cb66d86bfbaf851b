import type { BlobStore } from "../../data/blobs/blob-store.js";
import type { ImageDecoder } from "../../data/images/decoder.js";
import { IMAGE_CHANNELS } from "../../graph/architectures/preprocessing.js";
import type { ImageBatch } from "../network/calibration.js";

/** An image of a dataset version. */
export interface StoredImage {
  /** SHA-256 of the blob with its bytes. */
  readonly contentHash: string;
  /** Its class, a position in the class names. */
  readonly classIndex: number;
}

const SUBJECT = {
  name: "An image of the dataset version",
  remedy: "Restore the blobs from a backup, or import the dataset again.",
};

/** Decodes images in batches, in their order, as training and serving do. */
export async function* decodedBatches(
  images: readonly StoredImage[],
  batchSize: number,
  sizePixels: number,
  { blobs, decoder }: { readonly blobs: BlobStore; readonly decoder: ImageDecoder },
): AsyncGenerator<ImageBatch & { readonly images: readonly StoredImage[] }> {
  const imageBytes = sizePixels * sizePixels * IMAGE_CHANNELS;
  for (let first = 0; first < images.length; first += batchSize) {
    const batch = images.slice(first, first + batchSize);
    const pixels = new Uint8Array(batch.length * imageBytes);
    await Promise.all(
      batch.map(async ({ contentHash }, index) => {
        const bytes = await blobs.read(contentHash, SUBJECT);
        pixels.set(await decoder.decodeRgb(bytes, sizePixels), index * imageBytes);
      }),
    );
    yield { images: batch, count: batch.length, pixels };
  }
}

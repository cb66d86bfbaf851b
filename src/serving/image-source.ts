import { AppError } from "../core/app-error.js";
import type { Limits } from "../core/config.js";
import type { SampleRecord } from "../core/dataset-records.js";
import type { BlobStore } from "../data/blobs/blob-store.js";
import { ImageRejected, tooManyBytes } from "../data/images/decoder.js";
import type { Uploads } from "../data/imports/uploads.js";
import type { DatasetStore } from "../data/versions/dataset-store.js";
import { readSampleImage } from "../data/versions/sample-image.js";

/** An image to classify, in one of three forms. */
export type RequestedImage =
  | { readonly base64: string }
  | { readonly uploadId: string }
  | { readonly sampleId: string };

/** Reads the encoded bytes of one image. */
export type ImageReader = () => Promise<Uint8Array>;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DATA_URL = /^data:[^,]*,/;

/** Finds the bytes of the images in a request: in the request itself, in uploads, or in datasets. */
export class ImageSource {
  readonly #uploads: Uploads;
  readonly #samples: DatasetStore;
  readonly #blobs: BlobStore;
  readonly #imageBytes: number;

  constructor(options: { uploads: Uploads; samples: DatasetStore; blobs: BlobStore; limits: Limits }) {
    this.#uploads = options.uploads;
    this.#samples = options.samples;
    this.#blobs = options.blobs;
    this.#imageBytes = options.limits.imageBytes;
  }

  /**
   * One reader for each image, in order. A reader throws ImageRejected for bytes that cannot be used, which fail alone,
   * and AppError for an unknown id, which fails the whole request.
   *
   * @throws AppError `SAMPLE_NOT_FOUND` with path `["images", index, "sampleId"]`
   */
  async readers(images: readonly RequestedImage[]): Promise<readonly ImageReader[]> {
    const sampleIds = images.flatMap((image) => ("sampleId" in image ? [image.sampleId] : []));
    const samples = sampleIds.length === 0 ? [] : await this.#samples.findSamples(sampleIds);
    const samplesById = new Map(samples.map((sample) => [sample.id, sample]));
    return images.map((image, index) => {
      if ("base64" in image) return async () => decodeBase64(image.base64, this.#imageBytes);
      if ("uploadId" in image) return () => this.#readUpload(image.uploadId, index);
      const sample = samplesById.get(image.sampleId);
      if (sample === undefined) {
        throw new AppError(
          "SAMPLE_NOT_FOUND",
          `There is no sample with the id ${JSON.stringify(image.sampleId)}.`,
          { path: ["images", String(index), "sampleId"] },
        );
      }
      return () => this.#readSample(sample);
    });
  }

  /** A missing or damaged image fails without affecting the others. */
  async #readSample(sample: SampleRecord): Promise<Uint8Array> {
    try {
      return await readSampleImage(this.#blobs, sample);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new ImageRejected("DAMAGED", error.message, { cause: error });
    }
  }

  async #readUpload(uploadId: string, index: number): Promise<Uint8Array> {
    try {
      return await this.#uploads.readBytes(uploadId, this.#imageBytes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === "UPLOAD_TOO_LARGE") throw new ImageRejected("TOO_LARGE", error.message);
      throw new AppError(error.code, error.message, {
        cause: error,
        path: ["images", String(index), "uploadId"],
      });
    }
  }
}

/**
 * Decodes RFC 4648 base64 with padding and without line breaks. The length is checked before any byte is decoded.
 *
 * @throws ImageRejected
 */
function decodeBase64(text: string, maxBytes: number): Uint8Array {
  if (text.length > Math.ceil(maxBytes / 3) * 4) {
    throw tooManyBytes(Math.floor(text.length / 4) * 3, maxBytes);
  }
  if (DATA_URL.test(text.slice(0, 200))) {
    throw new ImageRejected("NOT_AN_IMAGE", "This is a data URL. Send only the part after its comma.");
  }
  const bytes = text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, "base64") : null;
  // Node ignores excess bits in the last character. Only the canonical text of the bytes is accepted.
  const last = bytes?.subarray(Math.max(0, Math.ceil(bytes.length / 3) - 1) * 3).toString("base64");
  if (bytes === null || !text.endsWith(last ?? "")) {
    throw new ImageRejected("NOT_AN_IMAGE", "This is not valid base64 (RFC 4648, padded, no line breaks).");
  }
  if (bytes.length > maxBytes) throw tooManyBytes(bytes.length, maxBytes);
  return bytes;
}

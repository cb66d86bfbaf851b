import { AppError } from "../core/app-error.js";
import type { Limits } from "../core/config.js";
import type { SampleRecord } from "../core/dataset-records.js";
import type { BlobStore } from "../data/blobs/blob-store.js";
import { ImageRejected, tooManyBytes } from "../data/images/decoder.js";
import type { Uploads } from "../data/imports/uploads.js";
import type { DatasetStore } from "../data/versions/dataset-store.js";
import { readSampleImage } from "../data/versions/sample-image.js";

/** A picture to classify: exactly one of the three. */
export type PictureInput =
  | { readonly base64: string }
  | { readonly uploadId: string }
  | { readonly sampleId: string };

/** Reads the encoded bytes of one picture. */
export type PictureReader = () => Promise<Uint8Array>;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DATA_URL = /^data:[^,]*,/;

/** Finds the bytes of the pictures in a request, wherever the client left them. */
export class PictureSource {
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
   * One reader for each picture, in order. A reader throws ImageRejected for bytes that are no picture
   * (they fail alone), and AppError for an id that names nothing (the request is wrong, so it fails whole).
   *
   * @throws AppError `SAMPLE_NOT_FOUND` with path `["images", index, "sampleId"]`
   */
  async readers(pictures: readonly PictureInput[]): Promise<readonly PictureReader[]> {
    const sampleIds = pictures.flatMap((picture) => ("sampleId" in picture ? [picture.sampleId] : []));
    const samples = sampleIds.length === 0 ? [] : await this.#samples.findSamples(sampleIds);
    const samplesById = new Map(samples.map((sample) => [sample.id, sample]));
    return pictures.map((picture, index) => {
      if ("base64" in picture) return async () => decodeBase64(picture.base64, this.#imageBytes);
      if ("uploadId" in picture) return () => this.#readUpload(picture.uploadId, index);
      const sample = samplesById.get(picture.sampleId);
      if (sample === undefined) {
        throw new AppError(
          "SAMPLE_NOT_FOUND",
          `There is no sample with the id ${JSON.stringify(picture.sampleId)}.`,
          { path: ["images", String(index), "sampleId"] },
        );
      }
      return () => this.#readSample(sample);
    });
  }

  /** A missing or damaged image fails alone. */
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
 * Decodes RFC 4648 base64, padded and without line breaks; the length is checked before any byte is decoded.
 *
 * @throws ImageRejected
 */
export function decodeBase64(text: string, maximumBytes: number): Uint8Array {
  if (text.length > Math.ceil(maximumBytes / 3) * 4) {
    throw tooManyBytes(Math.floor(text.length / 4) * 3, maximumBytes);
  }
  if (DATA_URL.test(text.slice(0, 200))) {
    throw new ImageRejected("NOT_AN_IMAGE", "This is a data URL: send only what follows its comma.");
  }
  const bytes = text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, "base64") : null;
  // Node ignores stray bits in the last character; a text that decodes to what another text says is refused.
  const last = bytes?.subarray(Math.max(0, Math.ceil(bytes.length / 3) - 1) * 3).toString("base64");
  if (bytes === null || !text.endsWith(last ?? "")) {
    throw new ImageRejected("NOT_AN_IMAGE", "This is not valid base64 (RFC 4648, padded, no line breaks).");
  }
  if (bytes.length > maximumBytes) throw tooManyBytes(bytes.length, maximumBytes);
  return bytes;
}

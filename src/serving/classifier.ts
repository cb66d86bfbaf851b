import pLimit from "p-limit";
import { AppError } from "../core/app-error.js";
import type { Limits } from "../core/config.js";
import type { QuarantineReason } from "../core/enumerations.js";
import { type ImageDecoder, ImageRejected } from "../data/images/decoder.js";
import type { TensorValue } from "../engine/engine-protocol.js";
import type { Session } from "../engine/session.js";
import type { ModelVersionRecord } from "../registry/model-records.js";
import type { ModelStore } from "../registry/model-store.js";
import type { ModelCache } from "./model-cache.js";
import type { PictureInput, PictureReader, PictureSource } from "./picture-source.js";

export interface ClassifyRequest {
  /** "flowers" (the latest version), "flowers:3" or "flowers@champion". */
  readonly model: string;
  readonly images: readonly PictureInput[];
  /** At least 1; a model with fewer classes gives all of them. */
  readonly topK: number;
}

export interface Classification {
  /** The version that answered, which an alias may no longer name. */
  readonly modelVersion: ModelVersionRecord;
  /** From the call to the answer; opening a model that was not open is part of it. */
  readonly latencyMs: number;
  /** In the order of the request's images. */
  readonly results: readonly PictureResult[];
}

export type PictureResult =
  | { readonly kind: "classification"; readonly top: readonly ClassProbability[] }
  | { readonly kind: "failure"; readonly reason: QuarantineReason; readonly detail: string };

export interface ClassProbability {
  readonly label: string;
  /** In [0, 1]; the probabilities of all classes of a picture sum to 1. */
  readonly probability: number;
}

/** Pictures that go through the network at once: larger batches are no faster and take more memory. */
const BATCH_SIZE = 32;
/** Pictures that all calls together hold as files and decode; more would take memory and save no time. */
const PARALLEL_PICTURES = 4;
const CHANNELS = 3;

/** Classifies pictures with registered models. */
export class Classifier {
  readonly #models: ModelStore;
  readonly #cache: ModelCache;
  readonly #pictures: PictureSource;
  readonly #decoder: ImageDecoder;
  readonly #limits: Limits;
  readonly #reading = pLimit(PARALLEL_PICTURES);

  constructor(options: {
    models: ModelStore;
    cache: ModelCache;
    pictures: PictureSource;
    decoder: ImageDecoder;
    limits: Limits;
  }) {
    this.#models = options.models;
    this.#cache = options.cache;
    this.#pictures = options.pictures;
    this.#decoder = options.decoder;
    this.#limits = options.limits;
  }

  /**
   * Classifies each picture on its own account: one that cannot be decoded becomes a failure in its
   * place. An id that names no upload or sample is a mistake in the request and fails the call.
   *
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `TOP_K_INVALID`, `TOO_MANY_IMAGES`, `SAMPLE_NOT_FOUND`,
   *   `UPLOAD_NOT_FOUND`, `MODEL_DAMAGED`
   */
  async classify(request: ClassifyRequest): Promise<Classification> {
    const startedAt = performance.now();
    this.#check(request);
    const modelVersion = await this.#versionOf(request.model);
    const readers = await this.#pictures.readers(request.images);
    const decoded = await Promise.all(
      readers.map((read) => this.#reading(() => this.#decode(read, modelVersion.imageSizePixels))),
    );
    const pictures = decoded.filter((picture) => picture instanceof Uint8Array);
    const rows =
      pictures.length === 0
        ? []
        : await this.#cache.use(modelVersion, (session) =>
            probabilitiesOf(session, pictures, modelVersion.imageSizePixels),
          );
    const remaining = rows.values();
    const results = decoded.map((picture): PictureResult => {
      if (picture instanceof ImageRejected) {
        return { kind: "failure", reason: picture.reason, detail: picture.detail };
      }
      const probabilities = remaining.next().value ?? new Float32Array();
      return {
        kind: "classification",
        top: likeliest(probabilities, modelVersion.classNames, request.topK),
      };
    });
    return { modelVersion, latencyMs: performance.now() - startedAt, results };
  }

  #check({ images, topK }: ClassifyRequest): void {
    if (!Number.isSafeInteger(topK) || topK < 1) {
      throw new AppError("TOP_K_INVALID", `topK must be a whole number from 1. Received ${topK}.`, {
        path: ["topK"],
      });
    }
    const maximum = this.#limits.classifyImages;
    if (images.length > maximum) {
      throw new AppError(
        "TOO_MANY_IMAGES",
        `One call classifies at most ${maximum} images. Received ${images.length}. Send them in several calls.`,
        { path: ["images"] },
      );
    }
  }

  async #versionOf(ref: string): Promise<ModelVersionRecord> {
    const version = await this.#models.findVersionByRef(ref);
    if (version !== null) return version;
    throw new AppError(
      "MODEL_VERSION_NOT_FOUND",
      `A model is named like "flowers" (its latest version), "flowers:3" or "flowers@champion", and must exist. ` +
        `Received ${JSON.stringify(ref)}.`,
      { path: ["model"] },
    );
  }

  async #decode(read: PictureReader, sizePixels: number): Promise<Uint8Array | ImageRejected> {
    try {
      return await this.#decoder.decodeRgb(await read(), sizePixels);
    } catch (error) {
      if (error instanceof ImageRejected) return error;
      throw error;
    }
  }
}

/** @returns a row of class probabilities for each picture, in order */
async function probabilitiesOf(
  session: Session,
  pictures: readonly Uint8Array[],
  sizePixels: number,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let first = 0; first < pictures.length; first += BATCH_SIZE) {
    const batch = pictures.slice(first, first + BATCH_SIZE);
    const { probabilities } = await session.run("serving_default", { images: batchOf(batch, sizePixels) });
    rows.push(...rowsOf(probabilities, batch.length));
  }
  return rows;
}

function batchOf(pictures: readonly Uint8Array[], sizePixels: number): TensorValue {
  const pictureBytes = sizePixels * sizePixels * CHANNELS;
  const data = new Uint8Array(pictures.length * pictureBytes);
  for (const [index, picture] of pictures.entries()) data.set(picture, index * pictureBytes);
  return { dtype: "uint8", shape: [pictures.length, sizePixels, sizePixels, CHANNELS], data };
}

function rowsOf(tensor: TensorValue | undefined, count: number): Float32Array[] {
  if (!(tensor?.data instanceof Float32Array)) {
    throw new AppError("ENGINE_FAILED", "The model must answer with float32 probabilities; it did not.");
  }
  const { data } = tensor;
  const width = data.length / count;
  return Array.from({ length: count }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

/** The `topK` likeliest classes, likeliest first; equally likely ones in the order of the classes. */
function likeliest(
  probabilities: Float32Array,
  classNames: readonly string[],
  topK: number,
): readonly ClassProbability[] {
  return classNames
    .map((label, index) => ({ label, probability: probabilities[index] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, topK);
}

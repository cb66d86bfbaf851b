import pLimit from "p-limit";
import { AppError } from "../core/app-error.js";
import type { Limits } from "../core/config.js";
import type { QuarantineReason } from "../core/enumerations.js";
import { type ImageDecoder, ImageRejected } from "../data/images/decoder.js";
import type { TensorValue } from "../engine/engine-protocol.js";
import type { Session } from "../engine/session.js";
import type { ModelVersionRecord } from "../registry/model-records.js";
import type { ModelStore } from "../registry/model-store.js";
import { modelVersionNotFound } from "../registry/model-version-not-found.js";
import type { ImageReader, ImageSource, RequestedImage } from "./image-source.js";
import type { ModelCache } from "./model-cache.js";

export interface ClassifyRequest {
  /** "flowers" (the latest version), "flowers:3" or "flowers@champion". */
  readonly model: string;
  readonly images: readonly RequestedImage[];
  /** At least 1. A model with fewer classes returns all of them. */
  readonly topK: number;
}

export interface Classification {
  /** The version that answered. The alias of the request may name another version by now. */
  readonly modelVersion: ModelVersionRecord;
  /** From the call to the answer, including the time to open the model. */
  readonly latencyMs: number;
  /** In the order of the request's images. */
  readonly results: readonly ImageResult[];
}

export type ImageResult =
  | { readonly kind: "classification"; readonly top: readonly ClassProbability[] }
  | { readonly kind: "failure"; readonly reason: QuarantineReason; readonly detail: string };

export interface ClassProbability {
  readonly label: string;
  /** In [0, 1]; the probabilities of all classes of an image add up to 1. */
  readonly probability: number;
}

/** Images in one batch. Larger batches are not faster and take more memory. */
const BATCH_SIZE = 32;
/** Images that all calls together read and decode at the same time. More would take memory and save no time. */
const PARALLEL_IMAGES = 4;
const CHANNELS = 3;

/** Classifies images with registered models. */
export class Classifier {
  readonly #models: ModelStore;
  readonly #cache: ModelCache;
  readonly #images: ImageSource;
  readonly #decoder: ImageDecoder;
  readonly #limits: Limits;
  readonly #reading = pLimit(PARALLEL_IMAGES);

  constructor(options: {
    models: ModelStore;
    cache: ModelCache;
    images: ImageSource;
    decoder: ImageDecoder;
    limits: Limits;
  }) {
    this.#models = options.models;
    this.#cache = options.cache;
    this.#images = options.images;
    this.#decoder = options.decoder;
    this.#limits = options.limits;
  }

  /**
   * Classifies each image independently: an image that cannot be decoded fails without affecting the others. An unknown
   * id of an upload or a sample is an error in the request and fails the call.
   *
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `TOP_K_INVALID`, `TOO_MANY_IMAGES`, `SAMPLE_NOT_FOUND`,
   *   `UPLOAD_NOT_FOUND`, `MODEL_DAMAGED`
   */
  async classify(request: ClassifyRequest): Promise<Classification> {
    const startedAt = performance.now();
    this.#check(request);
    const modelVersion = await this.#versionOf(request.model);
    const readers = await this.#images.readers(request.images);
    const decoded = await Promise.all(
      readers.map((read) => this.#reading(() => this.#decode(read, modelVersion.imageSizePixels))),
    );
    const images = decoded.filter((image) => image instanceof Uint8Array);
    const rows =
      images.length === 0
        ? []
        : await this.#cache.use(modelVersion, (session) =>
            probabilitiesOf(session, images, modelVersion.imageSizePixels),
          );
    const remaining = rows.values();
    const results = decoded.map((image): ImageResult => {
      if (image instanceof ImageRejected) {
        return { kind: "failure", reason: image.reason, detail: image.detail };
      }
      const probabilities = remaining.next().value ?? new Float32Array();
      return {
        kind: "classification",
        top: mostProbable(probabilities, modelVersion.classNames, request.topK),
      };
    });
    return { modelVersion, latencyMs: performance.now() - startedAt, results };
  }

  #check({ images, topK }: ClassifyRequest): void {
    if (!Number.isSafeInteger(topK) || topK < 1) {
      throw new AppError("TOP_K_INVALID", `topK must be a whole number of at least 1. Received ${topK}.`, {
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
    throw await modelVersionNotFound(this.#models, ref, ["model"]);
  }

  async #decode(read: ImageReader, sizePixels: number): Promise<Uint8Array | ImageRejected> {
    try {
      return await this.#decoder.decodeRgb(await read(), sizePixels);
    } catch (error) {
      if (error instanceof ImageRejected) return error;
      throw error;
    }
  }
}

/** @returns a row of class probabilities for each image, in order */
async function probabilitiesOf(
  session: Session,
  images: readonly Uint8Array[],
  sizePixels: number,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let first = 0; first < images.length; first += BATCH_SIZE) {
    const batch = images.slice(first, first + BATCH_SIZE);
    const { probabilities } = await session.run("serving_default", { images: batchOf(batch, sizePixels) });
    rows.push(...rowsOf(probabilities, batch.length));
  }
  return rows;
}

function batchOf(images: readonly Uint8Array[], sizePixels: number): TensorValue {
  const imageBytes = sizePixels * sizePixels * CHANNELS;
  const data = new Uint8Array(images.length * imageBytes);
  for (const [index, image] of images.entries()) data.set(image, index * imageBytes);
  return { dtype: "uint8", shape: [images.length, sizePixels, sizePixels, CHANNELS], data };
}

function rowsOf(tensor: TensorValue | undefined, count: number): Float32Array[] {
  if (!(tensor?.data instanceof Float32Array)) {
    throw new AppError("ENGINE_FAILED", "The model must return float32 probabilities. It did not.");
  }
  const { data } = tensor;
  const width = data.length / count;
  return Array.from({ length: count }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

/** The `topK` most probable classes, the most probable first. Equal ones are in the order of the classes. */
function mostProbable(
  probabilities: Float32Array,
  classNames: readonly string[],
  topK: number,
): readonly ClassProbability[] {
  // The least probable one that is kept bounds the others: sorting thousands of classes would take milliseconds.
  const least = Float32Array.from(probabilities).sort().at(-topK) ?? Number.NEGATIVE_INFINITY;
  return classNames
    .flatMap((label, index) => {
      const probability = probabilities[index] ?? 0;
      return probability < least ? [] : [{ label, probability }];
    })
    .sort((a, b) => b.probability - a.probability)
    .slice(0, topK);
}

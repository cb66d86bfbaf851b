import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord, SampleRecord } from "../../core/dataset-records.js";
import { mapConcurrently } from "../../lang/concurrent-map.js";
import type { BlobStore } from "../blobs/blob-store.js";
import { DurableFile, removeAbandoned, syncFolder } from "../blobs/durable-file.js";
import { type ImageDecoder, ImageRejected } from "../images/decoder.js";
import type { DatasetStore } from "../versions/dataset-store.js";
import { readSampleImage } from "../versions/sample-image.js";
import { SampleIndex } from "./sample-index.js";
import { openShard, type ShardReader } from "./shard-reader.js";

export type { ShardReader } from "./shard-reader.js";

/** Images that are read or decoded at the same time. The decoder has a lower limit of its own. */
const CONCURRENT_IMAGES = 16;
const CHANNELS = 3;

export type ShardProgress = (done: number, total: number) => void;

interface Build {
  readonly file: Promise<string>;
  readonly cancel: AbortController;
  readonly listeners: Set<ShardProgress>;
  waiting: number;
}

/**
 * Stores the decoded images of a version at one size in one file, ordered by position, so that an epoch reads bytes
 * instead of decoding images. The file is named after the hash of the manifest: versions with equal hashes have equal
 * images at equal positions, and share the file.
 */
export class TensorShards {
  readonly #datasets: DatasetStore;
  readonly #blobs: BlobStore;
  readonly #decoder: ImageDecoder;
  readonly #folder: string;
  /** Builds in progress, by file. Several callers wait for the same build. */
  readonly #builds = new Map<string, Build>();

  constructor(options: { datasets: DatasetStore; blobs: BlobStore; decoder: ImageDecoder; folder: string }) {
    this.#datasets = options.datasets;
    this.#blobs = options.blobs;
    this.#decoder = options.decoder;
    this.#folder = options.folder;
  }

  /**
   * Opens the images of a READY version at a size. Decodes them all unless the file exists.
   *
   * @param onProgress receives the number of decoded images and of all images; not called when the file exists
   * @param signal stops waiting, and stops the build when nobody else waits for it
   * @throws AppError `DATASET_VERSION_NOT_FOUND`, `DATASET_VERSION_NOT_READY`, `BLOB_MISSING`,
   *   `BLOB_DAMAGED`; the signal's reason when it aborts
   */
  async open(
    versionId: string,
    sizePixels: number,
    onProgress: ShardProgress = () => {},
    signal?: AbortSignal,
  ): Promise<ShardReader> {
    signal?.throwIfAborted();
    const hash = readyHash((await this.#datasets.findVersions([versionId]))[0], versionId);
    const samples = await this.#datasets.allSamples(versionId);
    const file = path.join(this.#folder, `${hash}-${sizePixels}.rgb`);
    if (!(await isComplete(file, samples.length * sizePixels * sizePixels * CHANNELS))) {
      await this.#awaitBuild(file, samples, sizePixels, onProgress, signal);
    }
    return openShard(file, SampleIndex.of(samples), sizePixels * sizePixels * CHANNELS);
  }

  async #awaitBuild(
    file: string,
    samples: readonly SampleRecord[],
    sizePixels: number,
    onProgress: ShardProgress,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const build = this.#builds.get(file) ?? this.#startBuild(file, samples, sizePixels);
    build.waiting++;
    build.listeners.add(onProgress);
    const leave = Promise.withResolvers<never>();
    const onAbort = (): void => leave.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      await Promise.race([build.file, leave.promise]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      build.listeners.delete(onProgress);
      build.waiting--;
      if (build.waiting === 0) build.cancel.abort(new Error("Nobody waits for these images any more."));
    }
  }

  #startBuild(file: string, samples: readonly SampleRecord[], sizePixels: number): Build {
    const cancel = new AbortController();
    const listeners = new Set<ShardProgress>();
    const report: ShardProgress = (done, total) => {
      for (const listener of listeners) listener(done, total);
    };
    const build: Build = {
      file: this.#build(file, samples, sizePixels, report, cancel.signal).finally(() => {
        if (this.#builds.get(file) === build) this.#builds.delete(file);
      }),
      cancel,
      listeners,
      waiting: 0,
    };
    build.file.catch(() => {}); // nobody may be waiting any more
    // A caller that comes after a cancellation starts a new build.
    cancel.signal.addEventListener("abort", () => {
      if (this.#builds.get(file) === build) this.#builds.delete(file);
    });
    this.#builds.set(file, build);
    return build;
  }

  async #build(
    target: string,
    samples: readonly SampleRecord[],
    sizePixels: number,
    report: ShardProgress,
    signal: AbortSignal,
  ): Promise<string> {
    await removeAbandoned(this.#folder);
    await using file = await DurableFile.create(this.#folder);
    const imageBytes = sizePixels * sizePixels * CHANNELS;
    let done = 0;
    await mapConcurrently(
      samples,
      CONCURRENT_IMAGES,
      async (sample) => {
        const pixels = await this.#decode(sample, sizePixels);
        const { bytesWritten } = await file.handle.write(pixels, 0, imageBytes, sample.position * imageBytes);
        if (bytesWritten < imageBytes) throw new Error("The disk took only a part of an image.");
        report(++done, samples.length);
      },
      signal,
    );
    await file.finish(target);
    await syncFolder(this.#folder);
    return target;
  }

  async #decode(sample: SampleRecord, sizePixels: number): Promise<Uint8Array> {
    const bytes = await readSampleImage(this.#blobs, sample);
    try {
      return await this.#decoder.decodeRgb(bytes, sizePixels);
    } catch (cause) {
      if (!(cause instanceof ImageRejected)) throw cause;
      // It could be decoded when it was imported and its bytes are the same, so the limits have become lower.
      throw new AppError(
        "SAMPLE_UNREADABLE",
        `The image ${JSON.stringify(sample.sourceName)} can no longer be decoded: ${cause.detail} ` +
          "Raise the limits to those of its import, or import the dataset again.",
        { cause },
      );
    }
  }
}

function readyHash(version: DatasetVersionRecord | undefined, versionId: string): string {
  if (version === undefined) {
    throw new AppError(
      "DATASET_VERSION_NOT_FOUND",
      `No dataset version has the id ${JSON.stringify(versionId)}.`,
    );
  }
  if (version.hash !== null) return version.hash;
  throw new AppError(
    "DATASET_VERSION_NOT_READY",
    `Version ${version.datasetName}:${version.number} must be READY to train on. It is ${version.status}.`,
  );
}

/** Whether the file exists with this size. A file of another size was damaged, and is deleted. */
async function isComplete(file: string, sizeBytes: number): Promise<boolean> {
  const actual = await stat(file).catch(() => null);
  if (actual === null) return false;
  if (actual.size === sizeBytes) return true;
  await rm(file, { force: true });
  return false;
}

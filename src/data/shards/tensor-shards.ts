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

/** Pictures that are read or decoded at once; the decoder itself bounds what it works on. */
const CONCURRENT_PICTURES = 16;
const CHANNELS = 3;

export type ShardProgress = (done: number, total: number) => void;

interface Build {
  readonly file: Promise<string>;
  readonly cancel: AbortController;
  readonly listeners: Set<ShardProgress>;
  waiting: number;
}

/**
 * Decoded pictures of a version at one size, packed one after the other by position into one file, so
 * that an epoch reads bytes instead of decoding. The file is named for the manifest's hash: versions
 * with equal hashes have equal pictures at equal positions and share it.
 */
export class TensorShards {
  readonly #datasets: DatasetStore;
  readonly #blobs: BlobStore;
  readonly #decoder: ImageDecoder;
  readonly #folder: string;
  /** Those under way, by file: whoever comes meanwhile waits for the same one. */
  readonly #builds = new Map<string, Build>();

  constructor(options: { datasets: DatasetStore; blobs: BlobStore; decoder: ImageDecoder; folder: string }) {
    this.#datasets = options.datasets;
    this.#blobs = options.blobs;
    this.#decoder = options.decoder;
    this.#folder = options.folder;
  }

  /**
   * The pictures of a READY version at a size, decoding them all when that was not done before.
   *
   * @param onProgress pictures decoded, of how many; never called for a file that is there
   * @param signal stops waiting, and the work itself once nobody else waits for it
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
      if (build.waiting === 0) build.cancel.abort(new Error("Nobody waits for these pictures any more."));
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
    build.file.catch(() => {}); // everybody may have left by then
    // Whoever comes after a cancellation starts anew instead of joining what is ending.
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
      CONCURRENT_PICTURES,
      async (sample) => {
        const pixels = await this.#decode(sample, sizePixels);
        const { bytesWritten } = await file.handle.write(pixels, 0, imageBytes, sample.position * imageBytes);
        if (bytesWritten < imageBytes) throw new Error("The disk took only a part of a picture.");
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
      // It decoded when it was imported and its bytes are the same, so the limits have become tighter.
      throw new AppError(
        "SAMPLE_UNREADABLE",
        `Picture ${JSON.stringify(sample.sourceName)} can no longer be decoded: ${cause.detail} ` +
          "Raise the limits to those of its import, or import the data set again.",
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

/** A file of another size was damaged from outside and is made anew. */
async function isComplete(file: string, sizeBytes: number): Promise<boolean> {
  const actual = await stat(file).catch(() => null);
  if (actual === null) return false;
  if (actual.size === sizeBytes) return true;
  await rm(file, { force: true });
  return false;
}

import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { FolderBlobStore } from "../../data/blobs/folder-blob-store.js";
import { ImageDecoder } from "../../data/images/decoder.js";
import { EngineHost } from "../../engine/engine-host.js";
import type { OfficialRuntime } from "../../engine/runtimes/official-runtime.js";
import { tensorflowRuntime } from "../../engine/runtimes/tensorflow-runtime.js";
import { IMAGE_CHANNELS } from "../../graph/architectures/preprocessing.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import { openExport } from "../../registry/model-export.js";
import { MANIFEST_FILE, type ModelManifest, parseManifest } from "../../registry/model-manifest.js";
import type { Log } from "../../telemetry/log.js";
import { formatOf } from "../formats/registry.js";
import { decodedBatches, type StoredImage } from "../proving/decoded-images.js";
import { mostProbable } from "../proving/most-probable.js";
import { TIMED_BATCHES } from "./measurement.js";
import type { MeasuredSubject } from "./messages.js";

/** Images that are decoded once, for measuring times. */
const TIMED_IMAGES = Math.max(...TIMED_BATCHES);
/** Images that are classified together. */
const BATCH_SIZE = Math.max(...TIMED_BATCHES);

export interface MeasuringTools {
  readonly log: Log;
  /** Receives lines for a person while a runtime is downloaded. */
  readonly onLine: (line: string) => void;
}

/** A model version as Espalier serves it, or an exported file in the official runtime of its format. */
export class MeasuredModel implements AsyncDisposable {
  /** Images for measuring times, repeated where there are fewer. */
  readonly #timedImages: readonly Uint8Array[];

  private constructor(
    private readonly subject: MeasuredSubject,
    private readonly imageSizePixels: number,
    readonly runtime: Pick<OfficialRuntime, "name" | "version" | "run">,
    timed: readonly Uint8Array[],
    private readonly owned: OwnedResources,
  ) {
    this.#timedImages = timed;
  }

  /** @throws AppError `RUNTIME_UNAVAILABLE`, `BLOB_MISSING`, `BLOB_DAMAGED`, `MODEL_FORMAT_UNKNOWN`, `ENGINE_ERROR` */
  static async open(subject: MeasuredSubject, tools: MeasuringTools): Promise<MeasuredModel> {
    await using opening = new OwnedResources();
    const manifest = parseManifest(await readFile(path.join(subject.modelFolder, MANIFEST_FILE), "utf8"));
    const startEngine = async (): Promise<EngineHost> =>
      opening.own(
        await EngineHost.start({
          nativeLibrary: { addonFile: subject.addonFile, kernelsFile: null },
          threads: subject.threads,
          workFolder: path.join(subject.workFolder, "engine"),
          log: tools.log,
        }),
      );
    const runtime = opening.own(
      subject.exported === null
        ? await openVersion(subject, manifest, await startEngine())
        : await openFile(subject, subject.exported, manifest, { ...tools, startEngine }),
    );
    const { imageSizePixels } = manifest.network;
    const timed = await timedImages(subject, imageSizePixels);
    return new MeasuredModel(subject, imageSizePixels, runtime, timed, opening.move());
  }

  /** Classifies a batch once, and then `runs` times. @returns the time of each of those, in milliseconds */
  async time(batchSize: number, runs: number): Promise<number[]> {
    const milliseconds: number[] = [];
    // The models that were measured meanwhile have taken the caches of the processor. Their number must not count.
    for (let run = -1; run < runs; run++) {
      const batch = this.#batch(batchSize, (run + 1) * batchSize);
      const startedMs = performance.now();
      await this.runtime.run(batch, batchSize);
      if (run >= 0) milliseconds.push(performance.now() - startedMs);
    }
    return milliseconds;
  }

  /** Classifies all images. */
  async classify(): Promise<{ readonly imageCount: number; readonly correctCount: number }> {
    const { images } = this.subject;
    let correctCount = 0;
    for await (const batch of decoded(this.subject, images, this.imageSizePixels)) {
      const { probabilities } = await this.runtime.run(batch.pixels, batch.count);
      const classCount = probabilities.length / batch.count;
      correctCount += batch.images.filter(
        ({ classIndex }, row) => mostProbable(probabilities, row, classCount) === classIndex,
      ).length;
    }
    return { imageCount: images.length, correctCount };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.owned[Symbol.asyncDispose]();
  }

  /** A new array, because a run may take the memory of its input. */
  #batch(size: number, first: number): Uint8Array {
    const imageBytes = this.imageSizePixels ** 2 * IMAGE_CHANNELS;
    const batch = new Uint8Array(size * imageBytes);
    for (let index = 0; index < size; index++) {
      const image = this.#timedImages[(first + index) % this.#timedImages.length];
      if (image !== undefined) batch.set(image, index * imageBytes);
    }
    return batch;
  }
}

/** Opens a version in the precision and with the graph of serving. */
async function openVersion(
  { modelFolder, product }: MeasuredSubject,
  manifest: ModelManifest,
  host: EngineHost,
): Promise<OfficialRuntime> {
  const session = await openExport(host, modelFolder, manifest);
  const runtime = tensorflowRuntime(host, session, manifest.network.imageSizePixels);
  const [, version = product] = product.split(" ");
  return { ...runtime, name: "Espalier", version: `${version} (${runtime.name} ${runtime.version})` };
}

async function openFile(
  { cacheFolder, python, threads, workFolder }: MeasuredSubject,
  { format, file }: NonNullable<MeasuredSubject["exported"]>,
  { network, classNames }: ModelManifest,
  { startEngine, onLine }: MeasuringTools & { readonly startEngine: () => Promise<EngineHost> },
): Promise<OfficialRuntime> {
  const runtimeFolder = path.join(workFolder, "runtime");
  await mkdir(runtimeFolder, { recursive: true });
  return formatOf(format).openRuntime(file, {
    network: { spec: network, classNames, imageSizePixels: network.imageSizePixels },
    startEngine,
    workFolder: runtimeFolder,
    cacheFolder,
    python,
    threads,
    progress: onLine,
  });
}

async function timedImages(subject: MeasuredSubject, sizePixels: number): Promise<readonly Uint8Array[]> {
  const images: Uint8Array[] = [];
  for await (const { pixels, count } of decoded(subject, subject.images.slice(0, TIMED_IMAGES), sizePixels)) {
    const imageBytes = pixels.length / count;
    for (let index = 0; index < count; index++) {
      images.push(pixels.slice(index * imageBytes, (index + 1) * imageBytes));
    }
  }
  return images;
}

function decoded(
  { blobsFolder, limits }: MeasuredSubject,
  images: readonly StoredImage[],
  sizePixels: number,
) {
  return decodedBatches(images, BATCH_SIZE, sizePixels, {
    blobs: new FolderBlobStore(blobsFolder),
    decoder: new ImageDecoder(limits),
  });
}

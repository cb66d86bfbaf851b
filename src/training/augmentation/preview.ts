import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import type { SampleRecord } from "../../core/dataset-records.js";
import type { Augmentation } from "../../core/runs/configuration.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import type { ImageDecoder } from "../../data/images/decoder.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { readSampleImage } from "../../data/versions/sample-image.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { SessionCache } from "../../engine/session-cache.js";
import { buildAugmentationGraph } from "../../graph/augmentation/augmentation-graph.js";
import { augmentedPixels } from "./augmented-pixels.js";

export interface PreviewRequest {
  readonly sampleId: string;
  readonly augmentation: Augmentation;
  /** Seed of the run. */
  readonly seed: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly sizePixels: number;
}

export interface AugmentationPreviewOptions {
  readonly datasets: DatasetStore;
  readonly blobs: BlobStore;
  readonly decoder: ImageDecoder;
  readonly host: EngineHost;
}

/** A user who tries settings compares a few of them, with several images each. */
const OPEN_GRAPHS = 4;
/** The largest images take about 30 MB each while they are rendered. */
const CONCURRENT_IMAGES = 4;

/** Renders samples as training sees them, with the same decoder and the same graph. */
export class AugmentationPreview implements AsyncDisposable {
  readonly #options: AugmentationPreviewOptions;
  readonly #sessions = new SessionCache({ sessions: OPEN_GRAPHS, bytes: Number.POSITIVE_INFINITY });
  readonly #rendering = pLimit(CONCURRENT_IMAGES);

  constructor(options: AugmentationPreviewOptions) {
    this.#options = options;
  }

  /**
   * Renders a sample as a run with this augmentation and seed sees it in an epoch, as a PNG.
   *
   * @throws AppError `SAMPLE_NOT_FOUND`, `BLOB_MISSING`, `BLOB_DAMAGED`, `SERVER_STOPPING`
   */
  async render(request: PreviewRequest): Promise<Uint8Array> {
    const [sample] = await this.#options.datasets.findSamples([request.sampleId]);
    if (sample === undefined) {
      throw new AppError("SAMPLE_NOT_FOUND", `There is no sample with the id ${request.sampleId}.`);
    }
    return this.#rendering(() => this.#renderSample(sample, request));
  }

  /** Refuses new images, and closes its graphs once the current ones are rendered. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }

  async #renderSample(
    sample: SampleRecord,
    { augmentation, seed, epoch, sizePixels }: PreviewRequest,
  ): Promise<Uint8Array> {
    const { blobs, decoder, host } = this.#options;
    const image = await decoder.decodeRgb(await readSampleImage(blobs, sample), sizePixels);
    const pixels = await this.#sessions.use(
      {
        key: JSON.stringify([sizePixels, seed, augmentation]),
        sizeBytes: 0,
        open: () => host.openGraph(buildAugmentationGraph(sizePixels, augmentation, seed)),
      },
      (session) =>
        augmentedPixels(session, {
          // The memory of the decoder cannot move to another thread.
          images: Uint8Array.from(image),
          positions: Int32Array.of(sample.position),
          epoch,
          sizePixels,
        }),
    );
    return decoder.encodePng(pixels, sizePixels);
  }
}

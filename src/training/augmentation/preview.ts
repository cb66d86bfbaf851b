import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import type { SampleRecord } from "../../core/dataset-records.js";
import type { Augmentation } from "../../core/run-configuration.js";
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
  /** The run's. */
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

/** Whoever tries settings looks at a few of them in turn, at several pictures each. */
const OPEN_GRAPHS = 4;
/** The largest take some 30 MB each while they are made. */
const CONCURRENT_PICTURES = 4;

/** Shows samples as training sees them, by the same decoder and the same graph. */
export class AugmentationPreview implements AsyncDisposable {
  readonly #options: AugmentationPreviewOptions;
  readonly #sessions = new SessionCache({ sessions: OPEN_GRAPHS, bytes: Number.POSITIVE_INFINITY });
  readonly #rendering = pLimit(CONCURRENT_PICTURES);

  constructor(options: AugmentationPreviewOptions) {
    this.#options = options;
  }

  /**
   * The sample as a run with this augmentation and seed trains on it in an epoch, as a PNG.
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

  /** Closes its graphs once the pictures under way are done; later ones are refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }

  async #renderSample(
    sample: SampleRecord,
    { augmentation, seed, epoch, sizePixels }: PreviewRequest,
  ): Promise<Uint8Array> {
    const { blobs, decoder, host } = this.#options;
    const picture = await decoder.decodeRgb(await readSampleImage(blobs, sample), sizePixels);
    const pixels = await this.#sessions.use(
      {
        key: JSON.stringify([sizePixels, seed, augmentation]),
        sizeBytes: 0,
        open: () => host.openGraph(buildAugmentationGraph(sizePixels, augmentation, seed)),
      },
      (session) =>
        augmentedPixels(session, {
          // The decoder's memory cannot change threads.
          images: Uint8Array.from(picture),
          positions: Int32Array.of(sample.position),
          epoch,
          sizePixels,
        }),
    );
    return decoder.encodePng(pixels, sizePixels);
  }
}

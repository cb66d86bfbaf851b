import { type RequestHandler, Router } from "express";
import { AppError } from "../../core/app-error.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import type { ImageDecoder } from "../../data/images/decoder.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { readSampleImage } from "../../data/versions/sample-image.js";
import { checkedSize, DEFAULT_SIZE_PIXELS } from "../samples/sample-image-path.js";
import type { Authentication } from "./authentication.js";

export interface SampleImageSources {
  readonly datasets: DatasetStore;
  readonly blobs: BlobStore;
  readonly imageDecoder: ImageDecoder;
}

const PNG_FIRST_BYTE = 0x89;

/** `GET /samples/:id/image?size=` returns an image of a dataset, scaled down to fit. */
export function sampleImageRoute(sources: SampleImageSources, authentication: Authentication): Router {
  return Router().get("/samples/:id/image", authentication.require("VIEWER"), thumbnail(sources));
}

function thumbnail({ datasets, blobs, imageDecoder }: SampleImageSources): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { size = String(DEFAULT_SIZE_PIXELS) } = request.query;
    const sizePixels = checkedSize(typeof size === "string" ? Number(size) : Number.NaN);
    const [sample] = await datasets.findSamples([request.params.id]);
    if (sample === undefined) {
      throw new AppError("SAMPLE_NOT_FOUND", `There is no sample with the id ${request.params.id}.`);
    }
    // A sample never changes, so browsers may cache its image. Shared caches may not: it needs a token.
    response.set({ "Cache-Control": "private, max-age=86400, immutable", Vary: "Authorization" });
    const image = await imageDecoder.thumbnail(await readSampleImage(blobs, sample), sizePixels);
    response.type(image[0] === PNG_FIRST_BYTE ? "image/png" : "image/jpeg").send(Buffer.from(image));
  };
}

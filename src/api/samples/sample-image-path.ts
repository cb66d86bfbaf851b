import { AppError } from "../../core/app-error.js";

export const DEFAULT_SIZE_PIXELS = 256;
export const MAX_SIZE_PIXELS = 2048;

/** Returns the path of an image whose width and height are at most `sizePixels`. */
export function imagePath(sampleId: string, sizePixels: number): string {
  return `/samples/${sampleId}/image?size=${sizePixels}`;
}

/** @throws AppError `IMAGE_SIZE_INVALID` */
export function checkedSize(sizePixels: number): number {
  if (Number.isInteger(sizePixels) && sizePixels >= 1 && sizePixels <= MAX_SIZE_PIXELS) {
    return sizePixels;
  }
  throw new AppError(
    "IMAGE_SIZE_INVALID",
    `The size of an image must be a whole number of pixels from 1 to ${MAX_SIZE_PIXELS}. ` +
      `Received ${sizePixels}.`,
    { path: ["sizePixels"] },
  );
}

import { AppError } from "../../core/app-error.js";

export const DEFAULT_SIZE_PIXELS = 256;
export const LARGEST_SIZE_PIXELS = 2048;

/** Path of a sample's picture, the longest side at most `sizePixels`. */
export function imagePath(sampleId: string, sizePixels: number): string {
  return `/samples/${sampleId}/image?size=${sizePixels}`;
}

/** @throws AppError `IMAGE_SIZE_INVALID` */
export function checkedSize(sizePixels: number): number {
  if (Number.isInteger(sizePixels) && sizePixels >= 1 && sizePixels <= LARGEST_SIZE_PIXELS) {
    return sizePixels;
  }
  throw new AppError(
    "IMAGE_SIZE_INVALID",
    `A picture's size must be a whole number of pixels from 1 to ${LARGEST_SIZE_PIXELS}. ` +
      `Received ${sizePixels}.`,
    { path: ["sizePixels"] },
  );
}

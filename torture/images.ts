import { link, mkdir } from "node:fs/promises";
import path from "node:path";
import type { BenchContext } from "../bench/benchmark.js";
import { type ImageFile, provideImages } from "../bench/images/provide-images.js";

/** Enough for a network to learn something, and few enough for an epoch of about a second. */
const IMAGES = 500;
const MIN_IMAGES = 100;

/**
 * Provides a small set of images in class folders, with the same number of each class.
 *
 * @param dataFile an archive of class folders; null draws flowers
 * @param parent the folder in which the folder of the images is made
 * @returns the name of that folder
 * @throws ClientError `IMAGES_TOO_FEW`
 */
export async function chooseSmallSet(
  dataFile: string | null,
  parent: string,
  context: BenchContext,
): Promise<string> {
  const all = path.join(parent, "all");
  const atLeast = dataFile === null ? IMAGES : MIN_IMAGES;
  const images = await provideImages({ dataFile, atLeast, folder: all }, context);
  const name = "small";
  for (const [className, ofClass] of Map.groupBy(images, (image) => image.className)) {
    const folder = path.join(parent, name, className);
    await mkdir(folder, { recursive: true });
    for (const { file } of firstOf(ofClass, images)) await link(file, path.join(folder, path.basename(file)));
  }
  return name;
}

/** Returns the share of one class. */
function firstOf(ofClass: readonly ImageFile[], all: readonly ImageFile[]): readonly ImageFile[] {
  const classes = new Set(all.map(({ className }) => className)).size;
  return ofClass.slice(0, Math.ceil(IMAGES / classes));
}

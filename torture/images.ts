import { link, mkdir } from "node:fs/promises";
import path from "node:path";
import type { BenchContext } from "../bench/benchmark.js";
import { type PictureFile, providePictures } from "../bench/images/provide-images.js";

/** Enough for a network to learn something, few enough for an epoch of about a second. */
const PICTURES = 500;
const FEWEST = 100;

/**
 * Real pictures in class folders, as many of each class.
 *
 * @param dataFile an archive of class folders; null: flowers are drawn
 * @param parent gets the folder
 * @returns the folder's name
 * @throws AppError `PICTURES_TOO_FEW`
 */
export async function chooseSmallSet(
  dataFile: string | null,
  parent: string,
  context: BenchContext,
): Promise<string> {
  const all = path.join(parent, "all");
  const atLeast = dataFile === null ? PICTURES : FEWEST;
  const pictures = await providePictures({ dataFile, atLeast, folder: all }, context);
  const name = "small";
  for (const [className, ofClass] of Map.groupBy(pictures, (picture) => picture.className)) {
    const folder = path.join(parent, name, className);
    await mkdir(folder, { recursive: true });
    for (const { file } of firstOf(ofClass, pictures))
      await link(file, path.join(folder, path.basename(file)));
  }
  return name;
}

/** A class's part of the pictures that are wanted. */
function firstOf(ofClass: readonly PictureFile[], all: readonly PictureFile[]): readonly PictureFile[] {
  const classes = new Set(all.map(({ className }) => className)).size;
  return ofClass.slice(0, Math.ceil(PICTURES / classes));
}

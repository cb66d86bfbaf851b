import { link, mkdir } from "node:fs/promises";
import path from "node:path";
import type { PictureFile } from "./provide-images.js";

/**
 * Deals the first `count` pictures to that many made-up classes, in turn, so that a network has the classes
 * that a benchmark asks for. No picture is in two classes.
 *
 * @param folder gets one folder per class
 */
export async function dealToClasses(
  pictures: readonly PictureFile[],
  classes: number,
  count: number,
  folder: string,
): Promise<void> {
  await linkAll(
    pictures.slice(0, count).map(({ file }, index) => ({
      file,
      to: path.join(folder, `class-${String(index % classes).padStart(5, "0")}`, path.basename(file)),
    })),
  );
}

/**
 * Makes `count` pictures out of fewer, by turns and class by class: copies of a picture have the bytes of
 * one, but each is read, decoded, kept and trained on as one more.
 *
 * @param folder gets one folder per class
 */
export async function repeatPictures(
  pictures: readonly PictureFile[],
  count: number,
  folder: string,
): Promise<void> {
  const links = Array.from({ length: count }, (_, index) => {
    const { file, className } = pictures[index % pictures.length] ?? { file: "", className: "" };
    return { file, to: path.join(folder, className, `${index}-${path.basename(file)}`) };
  });
  await linkAll(links);
}

/** Links take no room, however many they are. */
async function linkAll(links: readonly { readonly file: string; readonly to: string }[]): Promise<void> {
  for (const folder of new Set(links.map(({ to }) => path.dirname(to)))) {
    await mkdir(folder, { recursive: true });
  }
  for (const { file, to } of links) await link(file, to);
}

import { link, mkdir } from "node:fs/promises";
import path from "node:path";
import type { ImageFile } from "./provide-images.js";

/**
 * Distributes the first `count` images over made-up classes in turn, so that a network has as many classes as a
 * benchmark needs. No image is in two classes.
 *
 * @param folder gets one folder per class
 */
export async function linkToClasses(
  images: readonly ImageFile[],
  classes: number,
  count: number,
  folder: string,
): Promise<void> {
  await linkAll(
    images.slice(0, count).map(({ file }, index) => ({
      file,
      to: path.join(folder, `class-${String(index % classes).padStart(5, "0")}`, path.basename(file)),
    })),
  );
}

/**
 * Links images repeatedly until there are `count` files. Copies have the same bytes, but each is read, decoded, stored and
 * trained on as an image of its own.
 *
 * @param folder gets one folder per class
 */
export async function linkCopies(images: readonly ImageFile[], count: number, folder: string): Promise<void> {
  const links = Array.from({ length: count }, (_, index) => {
    const { file, className } = images[index % images.length] ?? { file: "", className: "" };
    return { file, to: path.join(folder, className, `${index}-${path.basename(file)}`) };
  });
  await linkAll(links);
}

/** Links take no disk space. */
async function linkAll(links: readonly { readonly file: string; readonly to: string }[]): Promise<void> {
  for (const folder of new Set(links.map(({ to }) => path.dirname(to)))) {
    await mkdir(folder, { recursive: true });
  }
  for (const { file, to } of links) await link(file, to);
}

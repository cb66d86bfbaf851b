import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { seededRandom } from "../random.js";

export type ImageFormat = "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff";
export const IMAGE_FORMATS: readonly ImageFormat[] = ["jpeg", "png", "webp", "gif", "avif", "tiff"];

/** Files by their path in a folder or an archive. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Creates a real image file of colored blocks. Each seed gives a different image. */
export async function imageFile(
  seed: number,
  options: { width?: number; height?: number; format?: ImageFormat } = {},
): Promise<Uint8Array> {
  const { width = 24, height = 16, format = "png" } = options;
  const random = seededRandom(seed + 1);
  const blocks = Buffer.from(Array.from({ length: 4 * 3 * 3 }, () => Math.floor(random() * 256)));
  return sharp(blocks, { raw: { width: 4, height: 3, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: "nearest" })
    .toFormat(format)
    .toBuffer();
}

/** Creates `counts` images for each class as `<class>/<number>.png`, with seeds from `firstSeed` on. */
export async function classFolders(counts: Readonly<Record<string, number>>, firstSeed = 0): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  let seed = firstSeed;
  for (const [className, count] of Object.entries(counts)) {
    for (let index = 0; index < count; index++) files[`${className}/${index}.png`] = await imageFile(seed++);
  }
  return files;
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

/** Creates one file for each reason that depends on the bytes alone, with limits of 100,000 bytes and 10,000 pixels. */
export async function brokenFiles(): Promise<
  Readonly<
    Record<
      | "EMPTY"
      | "NOT_AN_IMAGE"
      | "UNSUPPORTED_FORMAT"
      | "TRUNCATED"
      | "DAMAGED"
      | "TOO_LARGE"
      | "TOO_MANY_PIXELS",
      Uint8Array
    >
  >
> {
  const jpeg = await noisyImageFile(7, { format: "jpeg" });
  const png = Buffer.from(await noisyImageFile(8, { format: "png" }));
  const damaged = Buffer.from(png);
  for (let at = 200; at < 260; at++) damaged[at] = (damaged[at] ?? 0) ^ 0xff;
  return {
    EMPTY: new Uint8Array(),
    NOT_AN_IMAGE: Buffer.from("These are notes about the images, not an image.\n"),
    UNSUPPORTED_FORMAT: bitmap(),
    TRUNCATED: jpeg.subarray(0, Math.floor(jpeg.length * 0.6)),
    DAMAGED: damaged,
    TOO_LARGE: Buffer.concat([png, Buffer.alloc(100_001)]),
    TOO_MANY_PIXELS: await imageFile(9, { width: 200, height: 100 }),
  };
}

/** Creates an image file of noise, large enough that damage affects its pixels. */
export async function noisyImageFile(
  seed: number,
  options: { width?: number; height?: number; format?: ImageFormat } = {},
): Promise<Uint8Array> {
  const { width = 64, height = 48, format = "png" } = options;
  const random = seededRandom(seed);
  const noise = Buffer.from(Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256)));
  return sharp(noise, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** A valid 2 x 2 Windows bitmap. */
function bitmap(): Uint8Array {
  const file = Buffer.alloc(54 + 16);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(2, 18);
  file.writeInt32LE(2, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { BROKEN_FILES } from "./flowers/broken-files.js";
import { FLOWER_KINDS, type FlowerName } from "./flowers/flower-kinds.js";
import { drawScene } from "./flowers/scene.js";
import { SeededRandom } from "./flowers/seeded-random.js";

/** One file of the dataset, for example "tulip/tulip-0017.jpg". */
export interface DrawnFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface DrawFlowersOptions {
  /** A folder that receives class folders, or a function that receives the files in order. */
  readonly to: { readonly folder: string } | { readonly onFile: (file: DrawnFile) => Promise<void> | void };
  /** Number of images per kind, without the broken files. */
  readonly perClass: number;
  /** Height and width of the images. */
  readonly sizePixels: number;
  /** The same seed gives the same files. */
  readonly seed: number;
}

export interface DrawnFlowers {
  readonly classNames: readonly FlowerName[];
  readonly imageCount: number;
  /** Number of files that cannot be decoded, which an import quarantines. */
  readonly brokenCount: number;
}

/** Images that are drawn at the same time, which keeps the threads of the image library busy. */
const PARALLEL = 8;
/** One of this many images is a PNG. */
const PNG_EVERY = 8;

/**
 * Draws a dataset of five kinds of flowers with a few broken files, so that training needs no download. The kinds share
 * their colors, so that a network has to learn shapes.
 */
export async function drawFlowers(options: DrawFlowersOptions): Promise<DrawnFlowers> {
  const { perClass, sizePixels, seed } = options;
  const classNames = Object.keys(FLOWER_KINDS) as FlowerName[];
  const write = "folder" in options.to ? writerTo(options.to.folder) : options.to.onFile;
  const jobs = classNames.flatMap((kind) =>
    Array.from({ length: perClass }, (_, index) => ({ kind, index })),
  );
  for (let first = 0; first < jobs.length; first += PARALLEL) {
    const drawn = await Promise.all(
      jobs.slice(first, first + PARALLEL).map(({ kind, index }) => drawFlower(kind, index, sizePixels, seed)),
    );
    for (const file of drawn) await write(file);
  }
  const model = await drawFlower("daisy", perClass, sizePixels, seed);
  for (const [name, breakFile] of Object.entries(BROKEN_FILES)) {
    await write({ name, bytes: breakFile(model.bytes) });
  }
  return { classNames, imageCount: jobs.length, brokenCount: Object.keys(BROKEN_FILES).length };
}

function writerTo(folder: string): (file: DrawnFile) => Promise<void> {
  return async ({ name, bytes }) => {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
}

async function drawFlower(
  kind: FlowerName,
  index: number,
  sizePixels: number,
  seed: number,
): Promise<DrawnFile> {
  const random = new SeededRandom(`${seed}/${kind}/${index}`);
  const scene = drawScene(random, FLOWER_KINDS[kind], sizePixels);
  const raw = { width: sizePixels, height: sizePixels, channels: 3 } as const;
  // Three pipelines, since a single one blurs before it composes, regardless of the order of the calls.
  const background = await sharp(Buffer.from(scene.background))
    .blur(0.3 + sizePixels * random.between(0.008, 0.035))
    .removeAlpha()
    .raw()
    .toBuffer();
  const composed = await sharp(background, { raw })
    .composite([{ input: Buffer.from(scene.foreground) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  const focused = await sharp(composed, { raw })
    .blur(0.3 + sizePixels * random.between(0, 0.007))
    .raw()
    .toBuffer();
  exposeWithNoise(random, focused);
  const image = sharp(focused, { raw });
  const isPng = index % PNG_EVERY === PNG_EVERY - 1;
  const bytes = isPng
    ? await image.png().toBuffer()
    : await image.jpeg({ quality: random.integer(72, 93) }).toBuffer();
  return { name: `${kind}/${kind}-${String(index).padStart(4, "0")}.${isPng ? "png" : "jpg"}`, bytes };
}

/** Adds the effects of a camera: exposure, contrast, tint and grain. Changes the RGB bytes in place. */
function exposeWithNoise(random: SeededRandom, rgb: Buffer): void {
  const contrast = random.between(0.8, 1.15);
  const exposure = random.normal() * 13;
  const tint = [random.normal() * 6, random.normal() * 3, random.normal() * 6];
  const grain = random.between(1, 6);
  for (let index = 0; index < rgb.length; index++) {
    const value = ((rgb[index] ?? 0) - 128) * contrast + 128 + exposure + (tint[index % 3] ?? 0);
    rgb[index] = Math.max(0, Math.min(255, Math.round(value + random.normal() * grain)));
  }
}

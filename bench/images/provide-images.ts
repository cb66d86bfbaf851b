import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { drawFlowers } from "../../demo/draw-flowers.js";
import { ClientError } from "../../src/client/client-error.js";
import { parseConfig } from "../../src/core/config.js";
import { openArchive } from "../../src/data/sources/archive-source.js";
import type { BenchContext } from "../benchmark.js";

/** A JPEG file with unique content. */
export interface ImageFile {
  readonly file: string;
  /** Name of the folder that holds the file. */
  readonly className: string;
}

export interface ImagesWanted {
  /** An archive of class folders; null draws flowers. */
  readonly dataFile: string | null;
  /** Minimum number of images. An archive always gives all of its images. */
  readonly atLeast: number;
  /** Receives one folder per class. */
  readonly folder: string;
}

/** The demo draws the same flowers. */
const DRAWN = { classes: 5, sizePixels: 96, seed: 7 } as const;
/** One of eight drawn images is a PNG, which is not used. */
const DRAWN_PER_JPEG = 8 / 7;
/** Such as "daisy/daisy-0017.jpg". The broken files of the drawn dataset have other names. */
const DRAWN_JPEG = /^(\w+)\/\1-\d+\.jpg$/;
const JPEG = /\.jpe?g$/i;

/**
 * Provides JPEG images in class folders.
 *
 * @throws ClientError `IMAGES_TOO_FEW`; AppError when the archive cannot be read
 */
export async function provideImages(
  { dataFile, atLeast, folder }: ImagesWanted,
  { report, signal }: BenchContext,
): Promise<readonly ImageFile[]> {
  const images = new ImageFolder(folder);
  if (dataFile === null) {
    report(`drawing ${atLeast} images`);
    await drawFlowers({
      ...DRAWN,
      perClass: Math.ceil((atLeast * DRAWN_PER_JPEG) / DRAWN.classes) + 1,
      to: {
        async onFile({ name, bytes }) {
          signal.throwIfAborted();
          if (DRAWN_JPEG.test(name)) await images.add(name, bytes);
        },
      },
    });
  } else {
    report(`unpacking ${path.basename(dataFile)}`);
    await using archive = await openArchive(dataFile, parseConfig({}).limits);
    for await (const file of archive.files()) {
      signal.throwIfAborted();
      if (JPEG.test(file.name)) await images.add(file.name, await file.read());
    }
  }
  if (images.files.length >= atLeast) return images.files;
  throw new ClientError(
    "IMAGES_TOO_FEW",
    `Expected at least ${atLeast} different JPEG images. The archive has ${images.files.length}. ` +
      "Without --data, images are drawn.",
  );
}

class ImageFolder {
  readonly files: ImageFile[] = [];
  readonly #contents = new Set<string>();

  constructor(private readonly folder: string) {}

  /** @param name path whose last folder is the class; an image outside of class folders is ignored */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    const className = path.posix.basename(path.posix.dirname(name));
    const content = createHash("sha256").update(bytes).digest("hex");
    if (className === "." || this.#contents.has(content)) return;
    this.#contents.add(content);
    const file = path.join(this.folder, className, path.posix.basename(name));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
    this.files.push({ file, className });
  }
}

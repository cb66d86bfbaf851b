import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { drawFlowers } from "../../demo/draw-flowers.js";
import { ClientError } from "../../src/client/client-error.js";
import { parseConfig } from "../../src/core/config.js";
import { openArchive } from "../../src/data/sources/archive-source.js";
import type { BenchContext } from "../benchmark.js";

/** A JPEG on the disk whose content no other has. */
export interface PictureFile {
  readonly file: string;
  /** The name of its folder. */
  readonly className: string;
}

export interface PicturesWanted {
  /** An archive of class folders; null: flowers are drawn. */
  readonly dataFile: string | null;
  /** How many there must be; all of an archive are given. */
  readonly atLeast: number;
  /** Gets one folder per class. */
  readonly folder: string;
}

/** As the demo draws them. */
const DRAWN = { classes: 5, sizePixels: 96, seed: 7 } as const;
/** One drawn picture in eight is a PNG, which is left out. */
const DRAWN_PER_JPEG = 8 / 7;
/** "daisy/daisy-0017.jpg"; the broken files among the drawn ones have other names. */
const DRAWN_JPEG = /^(\w+)\/\1-\d+\.jpg$/;
const JPEG = /\.jpe?g$/i;

/**
 * Real pictures in class folders.
 *
 * @throws ClientError `PICTURES_TOO_FEW`, and those of the product's own reader of archives
 */
export async function providePictures(
  { dataFile, atLeast, folder }: PicturesWanted,
  { report, signal }: BenchContext,
): Promise<readonly PictureFile[]> {
  const pictures = new PictureFolder(folder);
  if (dataFile === null) {
    report(`drawing ${atLeast} pictures`);
    await drawFlowers({
      ...DRAWN,
      perClass: Math.ceil((atLeast * DRAWN_PER_JPEG) / DRAWN.classes) + 1,
      to: {
        async onFile({ name, bytes }) {
          signal.throwIfAborted();
          if (DRAWN_JPEG.test(name)) await pictures.add(name, bytes);
        },
      },
    });
  } else {
    report(`unpacking ${path.basename(dataFile)}`);
    await using archive = await openArchive(dataFile, parseConfig({}).limits);
    for await (const file of archive.files()) {
      signal.throwIfAborted();
      if (JPEG.test(file.name)) await pictures.add(file.name, await file.read());
    }
  }
  if (pictures.files.length >= atLeast) return pictures.files;
  throw new ClientError(
    "PICTURES_TOO_FEW",
    `This needs ${atLeast} different JPEG pictures. The archive holds ${pictures.files.length}. ` +
      "Leave --data out to have them drawn.",
  );
}

class PictureFolder {
  readonly files: PictureFile[] = [];
  readonly #contents = new Set<string>();

  constructor(private readonly folder: string) {}

  /** @param name path whose last folder is the class; pictures beside the class folders are left out */
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

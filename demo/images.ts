import { openAsBlob } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { type DrawnFile, drawFlowers } from "./draw-flowers.js";

/** The drawn dataset: enough to learn five shapes, and small enough to train in a minute. */
const SAMPLE = { perClass: 300, sizePixels: 96, seed: 7 } as const;

/** Images in one folder per class, packed for the upload. */
export interface Archive {
  readonly bytes: Blob;
  readonly description: string;
  /** Number of files; null for the archive of a user. */
  readonly fileCount: number | null;
}

/** Opens an archive of the user. */
export async function openArchive(file: string): Promise<Archive> {
  return {
    bytes: await openAsBlob(file),
    description: `Images of ${path.basename(file)}`,
    fileCount: null,
  };
}

/** Draws the sample flowers, a few of them broken on purpose, and packs them as a tar. */
export async function drawArchive(onDrawn: (count: number) => void): Promise<Archive> {
  const tar = pack();
  const packed = buffer(tar);
  let fileCount = 0;
  const onFile = ({ name, bytes }: DrawnFile): void => {
    tar.entry({ name, mtime: new Date(0) }, Buffer.from(bytes));
    onDrawn(++fileCount);
  };
  const drawn = await drawFlowers({ ...SAMPLE, to: { onFile } });
  tar.finalize();
  return {
    bytes: new Blob([await packed]),
    description: `Drawn flowers: ${drawn.classNames.join(", ")}`,
    fileCount,
  };
}

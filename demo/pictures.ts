import { once } from "node:events";
import { openAsBlob } from "node:fs";
import path from "node:path";
import { pack } from "tar-stream";
import { type DrawnFile, drawFlowers } from "./draw-flowers.js";

/** What the demo draws: enough to learn five shapes from, little enough to train in a minute. */
const SAMPLE = { perClass: 160, sizePixels: 128, seed: 7 } as const;

/** Pictures in one folder per class, packed for the upload. */
export interface Archive {
  readonly bytes: Blob;
  readonly description: string;
  /** Null when only the server will find out. */
  readonly fileCount: number | null;
}

/** An archive that the user has. */
export async function openArchive(file: string): Promise<Archive> {
  return {
    bytes: await openAsBlob(file),
    description: `Pictures of ${path.basename(file)}`,
    fileCount: null,
  };
}

/** Draws the sample flowers, a few of them broken on purpose, and packs them as a tar. */
export async function drawArchive(onDrawn: (count: number) => void): Promise<Archive> {
  const tar = pack();
  const chunks: Buffer[] = [];
  tar.on("data", (chunk: Buffer) => chunks.push(chunk));
  const packed = once(tar, "end");
  let fileCount = 0;
  const onFile = ({ name, bytes }: DrawnFile): void => {
    tar.entry({ name }, Buffer.from(bytes));
    onDrawn(++fileCount);
  };
  const drawn = await drawFlowers({ ...SAMPLE, to: { onFile } });
  tar.finalize();
  await packed;
  return {
    bytes: new Blob(chunks),
    description: `Drawn flowers: ${drawn.classNames.join(", ")}`,
    fileCount,
  };
}

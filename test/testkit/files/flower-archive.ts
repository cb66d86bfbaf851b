import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { drawFlowers } from "../../../demo/draw-flowers.js";

/** Creates a tar file of small drawn flowers in five classes with a few broken files, quick to import and to train on. */
export async function drawFlowerArchive(perClass: number): Promise<Buffer> {
  const tar = pack();
  const packed = buffer(tar);
  const onFile = ({ name, bytes }: { name: string; bytes: Uint8Array }): void => {
    tar.entry({ name }, Buffer.from(bytes));
  };
  await drawFlowers({ to: { onFile }, perClass, sizePixels: 48, seed: 3 });
  tar.finalize();
  return packed;
}

import type { Session } from "../../engine/session.js";
import { integers } from "../loop/graph-outputs.js";

const CHANNELS = 3;

/** Pictures of one size, and which changes they are to get. */
export interface PicturesToAugment {
  /** Bytes one picture after the other; the engine takes them over. */
  readonly images: Uint8Array;
  /** Of each picture in the manifest. */
  readonly positions: Int32Array;
  readonly epoch: number;
  readonly sizePixels: number;
}

/** Runs the signature `augment`, of whatever graph: the pixels that training sees, laid out as `images`. */
export async function augmentedPixels(
  session: Session,
  { images, positions, epoch, sizePixels }: PicturesToAugment,
): Promise<Uint8Array> {
  const count = positions.length;
  const outputs = await session.run("augment", {
    images: { dtype: "uint8", shape: [count, sizePixels, sizePixels, CHANNELS], data: images },
    samples: { dtype: "int32", shape: [count], data: positions.slice() },
    epoch: { dtype: "int32", shape: [], data: Int32Array.of(epoch) },
  });
  return new Uint8Array(integers(outputs, "pixels"));
}

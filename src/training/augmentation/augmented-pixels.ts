import type { Session } from "../../engine/session.js";
import { integers } from "../loop/graph-outputs.js";

const CHANNELS = 3;

/** Images of one size, and the samples and the epoch that decide their augmentation. */
export interface ImagesToAugment {
  /** The bytes of the images, one after the other; the engine takes ownership of them. */
  readonly images: Uint8Array;
  /** Position of each image in the manifest. */
  readonly positions: Int32Array;
  readonly epoch: number;
  readonly sizePixels: number;
}

/** Runs the signature `augment` of a graph and returns the pixels that training sees, in the layout of `images`. */
export async function augmentedPixels(
  session: Session,
  { images, positions, epoch, sizePixels }: ImagesToAugment,
): Promise<Uint8Array> {
  const count = positions.length;
  const outputs = await session.run("augment", {
    images: { dtype: "uint8", shape: [count, sizePixels, sizePixels, CHANNELS], data: images },
    samples: { dtype: "int32", shape: [count], data: positions.slice() },
    epoch: { dtype: "int32", shape: [], data: Int32Array.of(epoch) },
  });
  return new Uint8Array(integers(outputs, "pixels"));
}

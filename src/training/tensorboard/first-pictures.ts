import type { RunConfiguration } from "../../core/run-configuration.js";
import type { ShardReader } from "../../data/tensor-shards.js";
import type { Session } from "../../engine/session.js";
import { epochOrder } from "../shuffling.js";

const MOST_PICTURES = 8;
const AUGMENTED_EVERY_EPOCHS = 10;
const CHANNELS = 3;

/**
 * The first pictures of an epoch as the network sees them, RGB bytes each: augmented ones of the first
 * and every tenth epoch, and of a run that augments nothing those of the first alone.
 *
 * @param reader of the pictures themselves, whatever the run trains on
 */
export async function firstPictures(
  session: Session,
  reader: ShardReader,
  { seed, imageSizePixels }: RunConfiguration,
  epoch: number,
): Promise<readonly Uint8Array[]> {
  const augments = "augment" in session.signatures;
  if (epoch !== 1 && !(augments && epoch % AUGMENTED_EVERY_EPOCHS === 0)) return [];
  const positions = epochOrder(reader.index.positionsOf("TRAIN"), seed, epoch).slice(0, MOST_PICTURES);
  const images = new Uint8Array(positions.length * reader.imageBytes);
  await reader.readImages(positions, images);
  const pixels = augments ? await augmented() : images;
  return Array.from(positions, (_position, index) =>
    pixels.subarray(index * reader.imageBytes, (index + 1) * reader.imageBytes),
  );

  async function augmented(): Promise<Uint8Array> {
    const shape = [positions.length, imageSizePixels, imageSizePixels, CHANNELS];
    const outputs = await session.run("augment", {
      images: { dtype: "uint8", shape, data: images },
      samples: { dtype: "int32", shape: [positions.length], data: positions.slice() },
      epoch: { dtype: "int32", shape: [], data: Int32Array.of(epoch) },
    });
    return Uint8Array.from(outputs.pixels?.data ?? [], Number);
  }
}

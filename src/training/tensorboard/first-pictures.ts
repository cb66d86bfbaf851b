import type { RunConfiguration } from "../../core/run-configuration.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { Session } from "../../engine/session.js";
import { augmentedPixels } from "../augmentation/augmented-pixels.js";
import { epochOrder } from "../loop/shuffling.js";

const MOST_PICTURES = 8;
const AUGMENTED_EVERY_EPOCHS = 10;

/**
 * The first pictures of an epoch as the network sees them, RGB bytes each: augmented ones of the first
 * and every tenth epoch, and of a run that augments nothing those of the first alone.
 *
 * @param reader of the pictures themselves, whatever the run trains on
 */
export async function firstPictures(
  session: Session,
  reader: ShardReader,
  { seed, imageSizePixels: sizePixels }: RunConfiguration,
  epoch: number,
): Promise<readonly Uint8Array[]> {
  const augments = "augment" in session.signatures;
  if (epoch !== 1 && !(augments && epoch % AUGMENTED_EVERY_EPOCHS === 0)) return [];
  const positions = epochOrder(reader.index.positionsOf("TRAIN"), seed, epoch).slice(0, MOST_PICTURES);
  const images = new Uint8Array(positions.length * reader.imageBytes);
  await reader.readImages(positions, images);
  const pixels = augments ? await augmentedPixels(session, { images, positions, epoch, sizePixels }) : images;
  return Array.from(positions, (_position, index) =>
    pixels.subarray(index * reader.imageBytes, (index + 1) * reader.imageBytes),
  );
}

import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { Session } from "../../engine/session.js";
import { augmentedPixels } from "../augmentation/augmented-pixels.js";
import { epochOrder } from "../loop/shuffling.js";

const MAX_IMAGES = 8;
const AUGMENTED_EVERY_EPOCHS = 10;

/**
 * The first images of an epoch as the network sees them, as RGB bytes: for the first and every tenth epoch of a run with
 * augmentation, and for the first epoch of a run without.
 *
 * @param reader reads the images, also for a run that trains on cached features
 */
export async function firstImages(
  session: Session,
  reader: ShardReader,
  { seed, imageSizePixels: sizePixels }: RunConfiguration,
  epoch: number,
): Promise<readonly Uint8Array[]> {
  const augments = "augment" in session.signatures;
  if (epoch !== 1 && !(augments && epoch % AUGMENTED_EVERY_EPOCHS === 0)) return [];
  const positions = epochOrder(reader.index.positionsOf("TRAIN"), seed, epoch).slice(0, MAX_IMAGES);
  const images = new Uint8Array(positions.length * reader.imageBytes);
  await reader.readImages(positions, images);
  const pixels = augments ? await augmentedPixels(session, { images, positions, epoch, sizePixels }) : images;
  return Array.from(positions, (_position, index) =>
    pixels.subarray(index * reader.imageBytes, (index + 1) * reader.imageBytes),
  );
}

import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { ShardReader } from "../../data/shards/shard-reader.js";
import type { Session } from "../../engine/session.js";
import { augments } from "../../graph/augmentation/augment-images.js";
import type { SampleInput } from "./batch-source.js";
import { type CacheFile, cacheOutput } from "./output-cache.js";

const WORD_BYTES = 4;

/** Whether the outputs of the frozen blocks are the same in every epoch, so that they are computed once and cached. */
export function cachesFeatures({ frozenBlocks, augmentation }: RunConfiguration): boolean {
  return frozenBlocks > 0 && !augments(augmentation);
}

/** The input of the network when the outputs of the frozen blocks are cached. */
export function featuresOf(session: Session): SampleInput {
  const words = session.signatures.features?.outputs.features?.shape[1];
  if (words === null || words === undefined) throw new Error("The graph returns no features.");
  return { name: "features", dtype: "int32", shape: [words] };
}

/**
 * Computes the outputs of the frozen blocks for every image and packs them into a file in the order of the positions.
 *
 * @param images reads the images of the dataset version
 * @param batchSize number of images that are computed at the same time
 * @param onProgress is called with the number of finished images and the number of all images
 */
export function cacheFeatures(
  session: Session,
  images: ShardReader,
  options: {
    readonly file: CacheFile;
    readonly imageSizePixels: number;
    readonly batchSize: number;
    readonly onProgress: (done: number, total: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<ShardReader> {
  const [words = 0] = featuresOf(session).shape;
  const features = { signature: "features", output: "features", rowBytes: words * WORD_BYTES };
  const positions = Int32Array.from({ length: images.index.sampleCount }, (_, position) => position);
  return cacheOutput(session, images, features, { ...options, positions });
}

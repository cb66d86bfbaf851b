import type { ComputePrecision } from "../../core/enumerations.js";
import type { ShardReader } from "../../data/shards/shard-reader.js";
import { restoreCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { buildServingGraphAside } from "../../engine/graph-thread.js";
import type { Teacher } from "../../registry/teachers.js";
import type { SampleInput } from "./batch-source.js";
import { fittingImages } from "./evaluation-batch-size.js";
import { type CacheFile, cacheOutput } from "./output-cache.js";

const FLOAT32_BYTES = 4;

/** The network that a run learns from. */
export interface PreparedTeacher extends Teacher {
  /** Its logits for the training images, where those do not change. Null: it computes in the training graph. */
  readonly logits: ShardReader | null;
}

/** The input of a training step that holds cached logits. */
export function teacherLogitsOf(logits: ShardReader): SampleInput {
  return { name: "teacher_logits", dtype: "float32", shape: [logits.imageBytes / FLOAT32_BYTES] };
}

/**
 * Computes the logits of a teacher for every training image and packs them into a file in the order of the positions. The
 * teacher computes in the precision of the run. The size of its batches depends on its network alone, so the file has
 * the same bytes whenever it is computed.
 *
 * @param images reads the images of the dataset version at the teacher's size
 */
export async function cacheTeacherLogits(
  host: EngineHost,
  { network, folder }: Teacher,
  precision: ComputePrecision,
  images: ShardReader,
  options: {
    readonly file: CacheFile;
    readonly onProgress: (done: number, total: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<ShardReader> {
  const graph = await buildServingGraphAside({ ...network, precision });
  await using session = await host.openGraph(graph);
  await restoreCheckpoint(session, folder);
  const { classCount, imageSizePixels } = network;
  const logits = {
    signature: "serving_default",
    output: "logits",
    rowBytes: classCount * FLOAT32_BYTES,
  };
  const positions = images.index.positionsOf("TRAIN");
  const batchSize = Math.max(1, Math.min(fittingImages(network), positions.length));
  return await cacheOutput(session, images, logits, { ...options, positions, imageSizePixels, batchSize });
}

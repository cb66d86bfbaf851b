import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast, reshape } from "../ops/array.js";
import { float32, int32Vector } from "../ops/constants.js";
import { clip } from "../ops/image.js";
import { add, multiply, subtract } from "../ops/math.js";
import { sum } from "../ops/reduction.js";
import type { Tone } from "./amounts.js";

const WHITE = 255;
/** Added before fractions are cut off, so that values are rounded. */
const HALF = 0.5;

/**
 * Multiplies the distance of pixels from their image's mean in each channel, as Keras's RandomContrast does, then changes
 * the brightness, and rounds to bytes. The mean is that of the image before it was moved, so that filled edges do not
 * count.
 *
 * @param moved [n, size, size, 3], values from 0 to 255
 * @param images uint8, the same shape: the images as they were
 * @returns uint8, the same shape
 */
export function applyTone(
  graph: GraphBuilder,
  moved: Tensor,
  images: Tensor,
  { brightness, contrast }: Tone,
): Tensor {
  const unchanged = brightness === undefined && contrast === undefined;
  if (unchanged && moved.dtype === "uint8") return moved;
  return graph.scope("tone", () => {
    const pixels = cast(graph, moved, "float32");
    const half = float32(graph, HALF);
    if (unchanged) return cast(graph, add(graph, pixels, half), "uint8");
    const lift = brightness === undefined ? half : perImage(graph, add(graph, brightness, half));
    // One multiplication and one addition for each pixel, for every combination of changes.
    const changed = contrast === undefined ? pixels : multiply(graph, pixels, perImage(graph, contrast));
    const offset =
      contrast === undefined
        ? lift
        : add(graph, lift, awayFromMean(graph, images, perImage(graph, contrast)));
    return cast(graph, clip(graph, add(graph, changed, offset), 0, WHITE + HALF), "uint8");
  });
}

/** mean * (1 - contrast): float32 [n, 1, 1, 3]. */
function awayFromMean(graph: GraphBuilder, images: Tensor, contrast: Tensor): Tensor {
  return multiply(graph, meanOf(graph, images), subtract(graph, float32(graph, 1), contrast));
}

/**
 * The mean of each channel of each image: uint8 [n, size, size, 3] -> float32 [n, 1, 1, 3]. Whole numbers are added up,
 * which their types hold exactly, so that the sums do not depend on the order or on the batch.
 */
function meanOf(graph: GraphBuilder, images: Tensor): Tensor {
  const sizePixels = images.shape[1] ?? 0;
  const channels = images.shape[3] ?? 0;
  const columns = sum(graph, cast(graph, images, "float32"), [1]);
  const total = sum(graph, cast(graph, columns, "int64"), [1]);
  const mean = multiply(graph, cast(graph, total, "float32"), float32(graph, 1 / sizePixels ** 2));
  return reshape(graph, mean, int32Vector(graph, [-1, 1, 1, channels]), [null, 1, 1, channels]);
}

/** [n] -> [n, 1, 1, 1]. */
function perImage(graph: GraphBuilder, amounts: Tensor): Tensor {
  return reshape(graph, amounts, int32Vector(graph, [-1, 1, 1, 1]), [null, 1, 1, 1]);
}

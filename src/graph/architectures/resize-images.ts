import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast, reshape } from "../ops/array.js";
import { constant, int32Vector } from "../ops/constants.js";
import { batchMatMul } from "../ops/math.js";
import { IMAGE_CHANNELS } from "./preprocessing.js";

/**
 * Resizes square images with a triangle filter, which is bilinear where they grow and averages where they shrink:
 * `tf.image.resize` with `antialias`, by two matrix products, because TensorFlow's kernel has no version for GPUs.
 *
 * @param images [n, size, size, 3] of any type
 * @returns the same images where the size is right, and otherwise float32 [n, sizePixels, sizePixels, 3]
 */
export function resizeImages(graph: GraphBuilder, images: Tensor, sizePixels: number): Tensor {
  const from = images.shape[1] ?? 0;
  if (from === sizePixels) return images;
  return graph.scope("resize", () => {
    const content = new Uint8Array(resizingMatrix(from, sizePixels).buffer);
    const matrix = constant(graph, "matrix", { dtype: "float32", shape: [sizePixels, from], content });
    // A matrix multiplies the last axis but one: first the rows of an image, then the columns of each of its new rows.
    const lines = from * IMAGE_CHANNELS;
    const rows = reshape(graph, cast(graph, images, "float32"), int32Vector(graph, [-1, from, lines]), [
      ...[null, from, lines],
    ]);
    const resizedRows = batchMatMul(graph, matrix, rows);
    const columns = reshape(graph, resizedRows, int32Vector(graph, [-1, from, IMAGE_CHANNELS]), [
      ...[null, from, IMAGE_CHANNELS],
    ]);
    const resized = batchMatMul(graph, matrix, columns);
    const shape = [sizePixels, sizePixels, IMAGE_CHANNELS];
    return reshape(graph, resized, int32Vector(graph, [-1, ...shape]), [null, ...shape]);
  });
}

/** Row by row, the share of each of `from` pixels in each of `to` pixels. */
function resizingMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  const scale = from / to;
  const radius = Math.max(scale, 1);
  for (let row = 0; row < to; row++) {
    const center = (row + 0.5) * scale;
    const shares = Array.from({ length: from }, (_, column) =>
      Math.max(0, 1 - Math.abs(column + 0.5 - center) / radius),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    matrix.set(
      shares.map((share) => share / total),
      row * from,
    );
  }
  return matrix;
}

import type { FillMode } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { packColumns } from "../ops/columns.js";
import { float32 } from "../ops/constants.js";
import { projectiveTransformOfBytes } from "../ops/custom/custom-ops.js";
import { projectiveTransform, reverseAxis, selectRows } from "../ops/image.js";
import { add, multiply, negate, subtract } from "../ops/math.js";
import type { Placement } from "./amounts.js";

/**
 * Mirrors images, then turns them, then zooms, all about their center, and shifts them at last.
 *
 * @param images uint8 [n, size, size, 3]
 * @returns the same shape: uint8 when they are mirrored at most, else float32 from 0 to 255
 */
export function place(graph: GraphBuilder, images: Tensor, placement: Placement, fillMode: FillMode): Tensor {
  const { mirroredX, mirroredY, rotation, window, shiftX, shiftY } = placement;
  const sizePixels = images.shape[1] ?? 0;
  const moving = rotation?.cosine ?? window ?? shiftX ?? shiftY;
  return graph.scope("placement", () => {
    if (moving !== undefined) {
      const zeros = multiply(graph, moving, float32(graph, 0));
      const matrix = placementMatrix(graph, placement, sizePixels, zeros);
      return graph.customOps.has("EspalierProjectiveTransform")
        ? projectiveTransformOfBytes(graph, images, matrix, fillMode)
        : projectiveTransform(graph, cast(graph, images, "float32"), matrix, fillMode);
    }
    const turned = mirroredX === undefined ? images : mirror(graph, images, mirroredX, 2);
    return mirroredY === undefined ? turned : mirror(graph, turned, mirroredY, 1);
  });
}

/** Reverses an axis in the images for which bool [n] is true. */
function mirror(graph: GraphBuilder, images: Tensor, mirrored: Tensor, axis: 1 | 2): Tensor {
  return selectRows(graph, mirrored, reverseAxis(graph, images, axis), images);
}

/**
 * The transform as float32 [n, 8] for `ImageProjectiveTransformV3`, which gives the place in the input of a pixel of the
 * output: center + mirror * rotation * window * (pixel - center - shift).
 */
function placementMatrix(
  graph: GraphBuilder,
  { mirroredX, mirroredY, rotation, window, shiftX, shiftY }: Placement,
  sizePixels: number,
  zeros: Tensor,
): Tensor {
  const scaled = (x: Tensor): Tensor => (window === undefined ? x : multiply(graph, x, window));
  const mirrored = (x: Tensor, which: Tensor | undefined): Tensor =>
    which === undefined ? x : multiply(graph, x, signOf(graph, which));
  const along = scaled(rotation?.cosine ?? add(graph, zeros, float32(graph, 1)));
  const across = rotation === undefined ? zeros : scaled(rotation.sine);
  const x = { fromX: mirrored(along, mirroredX), fromY: mirrored(negate(graph, across), mirroredX) };
  const y = { fromX: mirrored(across, mirroredY), fromY: mirrored(along, mirroredY) };

  const center = float32(graph, (sizePixels - 1) / 2);
  const shifted = (shift: Tensor | undefined): Tensor =>
    shift === undefined ? center : add(graph, center, shift);
  const [middleX, middleY] = [shifted(shiftX), shifted(shiftY)];
  const atOrigin = ({ fromX, fromY }: typeof x): Tensor =>
    subtract(
      graph,
      subtract(graph, center, multiply(graph, fromX, middleX)),
      multiply(graph, fromY, middleY),
    );
  return packColumns(graph, [x.fromX, x.fromY, atOrigin(x), y.fromX, y.fromY, atOrigin(y), zeros, zeros]);
}

/** bool -> -1 where true, 1 where false. */
function signOf(graph: GraphBuilder, negative: Tensor): Tensor {
  const twos = multiply(graph, cast(graph, negative, "float32"), float32(graph, 2));
  return subtract(graph, float32(graph, 1), twos);
}

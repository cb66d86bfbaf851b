import type { Augmentation } from "../../core/runs/configuration.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { drawAmounts, settingsInUse } from "./amounts.js";
import { place } from "./geometry.js";
import type { SampleDraw } from "./sample-randomness.js";
import { applyTone } from "./tone.js";

/** Whether the augmentation changes images at all. */
export function augments(augmentation: Augmentation): boolean {
  return settingsInUse(augmentation).length > 0;
}

/**
 * Changes each image of a batch at random: mirrors, turns, zooms and shifts it, then changes its tone.
 * The changes of a sample depend on the seed and the epoch, not on its batch. A change that is not asked for adds nothing
 * to the graph.
 *
 * @param images uint8 [n, size, size, 3]
 * @returns the same type and shape
 */
export function augmentImages(
  graph: GraphBuilder,
  images: Tensor,
  draw: SampleDraw,
  augmentation: Augmentation,
): Tensor {
  if (!augments(augmentation)) return images;
  const amounts = drawAmounts(graph, draw, augmentation, images.shape[1] ?? 0);
  const moved = place(graph, images, amounts, augmentation.fillMode);
  return applyTone(graph, moved, images, amounts);
}

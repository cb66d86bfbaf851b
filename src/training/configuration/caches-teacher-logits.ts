import type { RunConfiguration } from "../../core/runs/configuration.js";
import { augments } from "../../graph/augmentation/augment-images.js";

/**
 * Whether a run has a teacher that sees the same images in every epoch, so that its logits are computed once. With
 * augmentation the teacher computes in the training graph, on the images of each step.
 */
export function cachesTeacherLogits({ distillation, augmentation }: RunConfiguration): boolean {
  return distillation !== null && !augments(augmentation);
}

import { AppError } from "../../core/app-error.js";
import type { ClassWeights, ClassWeightsInput } from "../../core/runs/configuration.js";
import { checkExactlyOne, checkScalar } from "../../core/settings/check.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";

const PATH = ["configuration", "classWeights"];
const { given } = RUN_SETTINGS.settings.classWeights;

/**
 * One weight for each class. Balanced weights make all classes count the same in total: samples / (classes * samples
 * of the class), as in scikit-learn.
 *
 * @param trainingSamples of each class, in the order of the classes
 * @throws AppError `CONFIGURATION_INVALID`; `DATASET_UNFIT` if a class that is to be balanced has no training samples
 */
export function resolveClassWeights(
  input: ClassWeightsInput | null | undefined,
  trainingSamples: readonly number[],
): ClassWeights | null {
  if (input === null || input === undefined) return null;
  if (checkExactlyOne(input, ["balanced", "weights"], PATH) === "weights") {
    const weights = checkScalar(given.weights, input.weights, [...PATH, "weights"]);
    if (weights.length === trainingSamples.length) return { balanced: false, weights };
    throw new AppError(
      "CONFIGURATION_INVALID",
      `classWeights.weights must have one weight for each of the ${trainingSamples.length} classes. Received ` +
        `${weights.length}.`,
      { path: [...PATH, "weights"] },
    );
  }
  if (input.balanced !== true) return null;
  const total = trainingSamples.reduce((sum, samples) => sum + samples, 0);
  return {
    balanced: true,
    weights: trainingSamples.map((samples, index) => {
      if (samples > 0) return total / (trainingSamples.length * samples);
      throw new AppError(
        "DATASET_UNFIT",
        `Balanced class weights need training images of every class. Class number ${index} has none.`,
        { path: [...PATH, "balanced"] },
      );
    }),
  };
}

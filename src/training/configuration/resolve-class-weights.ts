import { AppError } from "../../core/app-error.js";
import type { ClassWeights } from "../../core/run-configuration.js";
import { type Given, number, oneOf } from "./checks.js";
import type { ClassWeightsInput } from "./input.js";

const PATH = ["configuration", "classWeights"];
const WEIGHT = number("above 0", (value) => value > 0);

/**
 * One weight for each class; balanced ones make all classes count the same in total: samples / (classes *
 * samples of the class), as scikit-learn has it.
 *
 * @param trainingSamples of each class, in their order
 * @throws AppError `CONFIGURATION_INVALID`, `DATASET_UNFIT` for a class to balance that has nothing to train with
 */
export function resolveClassWeights(
  input: Given<ClassWeightsInput>,
  trainingSamples: readonly number[],
): ClassWeights | null {
  if (input === null || input === undefined) return null;
  if (oneOf(input, ["balanced", "weights"], PATH) === "weights") {
    const weights = input.weights ?? [];
    if (weights.length !== trainingSamples.length) {
      throw new AppError(
        "CONFIGURATION_INVALID",
        `classWeights.weights must have one weight for each of the ${trainingSamples.length} classes. Received ` +
          `${weights.length}.`,
        { path: [...PATH, "weights"] },
      );
    }
    return {
      balanced: false,
      weights: weights.map((weight, index) => WEIGHT(weight, [...PATH, "weights", String(index)])),
    };
  }
  if (input.balanced !== true) return null;
  const total = trainingSamples.reduce((sum, samples) => sum + samples, 0);
  return {
    balanced: true,
    weights: trainingSamples.map((samples, index) => {
      if (samples > 0) return total / (trainingSamples.length * samples);
      throw new AppError(
        "DATASET_UNFIT",
        `Balanced class weights need pictures of every class to train with. Class number ${index} has none.`,
        { path: [...PATH, "balanced"] },
      );
    }),
  };
}

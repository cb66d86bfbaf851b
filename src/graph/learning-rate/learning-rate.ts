import { AppError } from "../../core/app-error.js";
import type { LearningRate } from "../../core/runs/configuration.js";
import type { TrainingSpec } from "../architectures/network-spec.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { less, select } from "../ops/comparison.js";
import { float32 } from "../ops/constants.js";
import { add, divide, multiply, subtract } from "../ops/math.js";
import { constantRate } from "./constant.js";
import { cosineRate } from "./cosine.js";
import { exponentialDecay } from "./exponential-decay.js";
import type { ScheduleSpan } from "./schedule.js";

/**
 * The learning rate of a step, float32 []: in the warm-up `initial` * (step + 1) / warmupSteps, then the schedule over the
 * rest of the run. The first step learns, and the last step of the warm-up has the rate `initial`, as with PyTorch's
 * `LinearLR` from 1 / warmupSteps in warmupSteps - 1 iterations. (In Keras's `CosineDecay`, which rises from its
 * `initial_learning_rate`, the first step usually has a rate of 0 and changes nothing.)
 *
 * @param step float32 []: optimizer steps taken before this one
 * @throws AppError `TRAINING_INVALID` when epochs or steps are not positive whole numbers
 */
export function learningRateAt(graph: GraphBuilder, training: TrainingSpec, step: Tensor): Tensor {
  const { learningRate, epochs, stepsPerEpoch } = training;
  for (const [field, value] of Object.entries({ epochs, stepsPerEpoch })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new AppError(
        "TRAINING_INVALID",
        `${field} must be a whole number of at least 1. Received ${value}.`,
      );
    }
  }
  const warmupSteps = Math.round(learningRate.warmupEpochs * stepsPerEpoch);
  const decaySteps = Math.max(1, epochs * stepsPerEpoch - warmupSteps);
  const span = { decaySteps, stepsPerEpoch };
  if (warmupSteps === 0) return scheduled(graph, learningRate, step, span);

  const warmup = float32(graph, warmupSteps);
  const stepNumber = add(graph, step, float32(graph, 1));
  const rising = multiply(graph, float32(graph, learningRate.initial), divide(graph, stepNumber, warmup));
  const settled = scheduled(graph, learningRate, subtract(graph, step, warmup), span);
  return select(graph, less(graph, step, warmup), rising, settled);
}

function scheduled(
  graph: GraphBuilder,
  learningRate: LearningRate,
  step: Tensor,
  span: ScheduleSpan,
): Tensor {
  switch (learningRate.kind) {
    case "constant":
      return constantRate(graph, learningRate, step, span);
    case "cosine":
      return cosineRate(graph, learningRate, step, span);
    case "exponentialDecay":
    case "step":
      return exponentialDecay(graph, learningRate, step, span);
  }
}

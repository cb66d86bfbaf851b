import type { Optimizer } from "../../core/run-configuration.js";
import { float32 } from "../ops/constants.js";
import { applyGradientDescent, applyKerasMomentum } from "../ops/optimization.js";
import { createSlot, type OptimizerContext, type UpdateRule } from "./update-rule.js";

/**
 * Stochastic gradient descent as Keras has it:
 *
 *     velocity = momentum * velocity - learningRate * gradient
 *     variable += velocity                                            plain
 *     variable += momentum * velocity - learningRate * gradient       with Nesterov's look-ahead
 *
 * Without momentum there is no velocity to keep.
 */
export function sgd(
  context: OptimizerContext,
  { momentum, nesterov }: Extract<Optimizer, { kind: "sgd" }>,
): UpdateRule {
  const { graph, learningRate } = context;
  if (momentum === 0) {
    return (variable, gradient, after) =>
      applyGradientDescent(graph, { variable: variable.handle, learningRate, gradient }, after);
  }
  const momentumConstant = graph.scope("SGD", () => float32(graph, momentum));
  return (variable, gradient, after) => {
    const accumulator = createSlot(context, variable, "momentum").handle;
    const inputs = { variable: variable.handle, accumulator, learningRate, gradient };
    return applyKerasMomentum(graph, { ...inputs, momentum: momentumConstant }, nesterov, after);
  };
}

import type { Optimizer } from "../../core/runs/configuration.js";
import { float32 } from "../ops/constants.js";
import { applyGradientDescent, applyKerasMomentum } from "../ops/optimization.js";
import { type OptimizerRule, ruleWithSlots } from "./update-rule.js";

/**
 * Stochastic gradient descent as Keras has it:
 *
 *     velocity = momentum * velocity - learningRate * gradient
 *     variable += velocity                                            plain
 *     variable += momentum * velocity - learningRate * gradient       with Nesterov's look-ahead
 *
 * Without momentum there is no velocity to keep.
 */
export function sgd({ momentum, nesterov }: Extract<Optimizer, { kind: "sgd" }>): OptimizerRule {
  if (momentum === 0) {
    return ruleWithSlots([], ({ graph, learningRate }) => {
      return (variable, _slots, gradient, after) =>
        applyGradientDescent(graph, { variable: variable.handle, learningRate, gradient }, after);
    });
  }
  return ruleWithSlots(["momentum"], ({ graph, learningRate }) => {
    const momentumConstant = graph.scope("SGD", () => float32(graph, momentum));
    return (variable, slots, gradient, after) => {
      const accumulator = slots.momentum.handle;
      const inputs = { variable: variable.handle, accumulator, learningRate, gradient };
      return applyKerasMomentum(graph, { ...inputs, momentum: momentumConstant }, nesterov, after);
    };
  });
}

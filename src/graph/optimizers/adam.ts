import type { Optimizer } from "../../core/runs/configuration.js";
import { float32 } from "../ops/constants.js";
import { add, power } from "../ops/math.js";
import { applyAdam } from "../ops/optimization.js";
import { type OptimizerRule, ruleWithSlots } from "./update-rule.js";

/**
 * Adam (Kingma and Ba, 2015) as Keras has it, for step t from 1:
 *
 *     m = beta1 * m + (1 - beta1) * gradient
 *     v = beta2 * v + (1 - beta2) * gradient²
 *     variable -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)
 *
 * The powers are computed from the step, so they need no variables and resume exactly. PyTorch adds its
 * epsilon to sqrt(v / (1 - beta2^t)) instead, so that an equal epsilon weighs less in its first steps.
 */
export function adam(options: Extract<Optimizer, { beta1: number }>): OptimizerRule {
  return ruleWithSlots(["adam_m", "adam_v"], ({ graph, learningRate, step }) => {
    const shared = graph.scope("Adam", () => {
      const [beta1, beta2] = [float32(graph, options.beta1), float32(graph, options.beta2)];
      const count = add(graph, step, float32(graph, 1));
      const beta1Power = power(graph, beta1, count);
      const beta2Power = power(graph, beta2, count);
      return { learningRate, beta1, beta2, beta1Power, beta2Power, epsilon: float32(graph, options.epsilon) };
    });
    return (variable, { adam_m, adam_v }, gradient, after) => {
      const inputs = { ...shared, variable: variable.handle, m: adam_m.handle, v: adam_v.handle, gradient };
      return applyAdam(graph, inputs, after);
    };
  });
}

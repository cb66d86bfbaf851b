import type { Optimizer } from "../../core/run-configuration.js";
import { flag, number, oneOf } from "./checks.js";
import type { OptimizerInput } from "./input.js";

const FRACTION = number("of at least 0 and below 1", (value) => value >= 0 && value < 1);
const EPSILON = number("above 0 and at most 1", (value) => value > 0 && value <= 1);

/** @throws AppError `CONFIGURATION_INVALID` with a path below the one given */
export function resolveOptimizer(optimizer: OptimizerInput, path: readonly string[]): Optimizer {
  const kind = oneOf(optimizer, ["adam", "adamW", "sgd"], path);
  const within = (field: string): readonly string[] => [...path, kind, field];
  if (kind === "sgd") {
    const { momentum, nesterov } = optimizer.sgd ?? {};
    return {
      kind,
      momentum: FRACTION(momentum ?? 0.9, within("momentum")),
      nesterov: flag(nesterov ?? false, within("nesterov")),
    };
  }
  const { beta1, beta2, epsilon } = optimizer[kind] ?? {};
  return {
    kind,
    beta1: FRACTION(beta1 ?? 0.9, within("beta1")),
    beta2: FRACTION(beta2 ?? 0.999, within("beta2")),
    epsilon: EPSILON(epsilon ?? 1e-7, within("epsilon")),
  };
}

import type { LearningRate } from "../../core/run-configuration.js";
import { type Check, flag, number, oneOf } from "./checks.js";
import type { LearningRateInput } from "./input.js";

const ABOVE_ZERO = number("above 0", (value) => value > 0);
const DECAY_RATE = number("above 0 and at most 1", (value) => value > 0 && value <= 1);

/** @throws AppError `CONFIGURATION_INVALID` with a path below the one given */
export function resolveLearningRate(
  learningRate: LearningRateInput,
  epochs: number,
  path: readonly string[],
): LearningRate {
  const kind = oneOf(learningRate, ["constant", "cosine", "exponentialDecay", "step"], path);
  const within = (field: string): readonly string[] => [...path, kind, field];
  const { initial, warmupEpochs } = learningRate[kind] ?? {};
  const shared = {
    initial: ABOVE_ZERO(initial, within("initial")),
    warmupEpochs: warmupBelow(epochs)(warmupEpochs ?? 0, within("warmupEpochs")),
  };
  switch (kind) {
    case "constant":
      return { kind, ...shared };
    case "cosine": {
      const minimum = number("from 0 to `initial`", (value) => value >= 0 && value <= shared.initial);
      return { kind, ...shared, minimum: minimum(learningRate.cosine?.minimum ?? 0, within("minimum")) };
    }
    case "exponentialDecay": {
      const { decayEpochs, decayRate, staircase } = learningRate.exponentialDecay ?? {};
      return {
        kind,
        ...shared,
        decayEpochs: ABOVE_ZERO(decayEpochs, within("decayEpochs")),
        decayRate: DECAY_RATE(decayRate, within("decayRate")),
        staircase: flag(staircase ?? false, within("staircase")),
      };
    }
    case "step": {
      const { dropEveryEpochs, factor } = learningRate.step ?? {};
      return {
        kind,
        ...shared,
        decayEpochs: ABOVE_ZERO(dropEveryEpochs, within("dropEveryEpochs")),
        decayRate: DECAY_RATE(factor ?? 0.1, within("factor")),
        staircase: true,
      };
    }
  }
}

function warmupBelow(epochs: number): Check<number> {
  return number(
    `of at least 0 and below the number of epochs (${epochs})`,
    (value) => value >= 0 && value < epochs,
  );
}

import { type CheckedRun, counted, LOST_CHANGE, type SettingCheck } from "./setting-check.js";

const MAX_FLOAT32 = 3.4028235e38;
/** What is left of a learning rate that has fallen to nothing. */
const NOTHING_LEFT = 1e-6;
/** What is left of a learning rate that has hardly fallen. */
const NEARLY_ALL_LEFT = 0.999;

export const LEARNING_RATE_CHECKS: readonly SettingCheck[] = [
  { path: "learningRate.initial", why: rateWarning },
  { path: "learningRate.minimum", why: minimumWarning },
  { path: "learningRate.decayEpochs", why: fastDecayWarning },
  { path: "learningRate.decayEpochs", why: slowDecayWarning },
  { path: "learningRate.warmupEpochs", why: warmupWarning },
];

function rateWarning({ configuration: { learningRate, optimizer } }: CheckedRun): string | null {
  const { initial } = learningRate;
  if (initial > MAX_FLOAT32) return "it is infinite in float32, so the first step destroys the weights";
  if (initial < LOST_CHANGE) {
    return "the weights change by less than float32 can hold, so the run learns nothing";
  }
  if (optimizer.kind === "sgd") {
    return initial > 10 ? "a step of this size throws the weights far beyond any minimum" : null;
  }
  return initial >= 1
    ? "Adam changes every weight by about the learning rate in each step, and weights are far smaller than that"
    : null;
}

function minimumWarning({ configuration: { learningRate } }: CheckedRun): string | null {
  if (learningRate.kind !== "cosine") return null;
  return learningRate.minimum >= NEARLY_ALL_LEFT * learningRate.initial
    ? `the rate begins at ${learningRate.initial}, so it does not fall`
    : null;
}

/** A rate that has fallen to nothing within the first tenth of the epochs after the warm-up. */
function fastDecayWarning({ configuration: { learningRate, epochs } }: CheckedRun): string | null {
  if (learningRate.kind !== "exponentialDecay" && learningRate.kind !== "step") return null;
  const { decayEpochs, decayRate, staircase, warmupEpochs } = learningRate;
  const decays = (0.1 * (epochs - warmupEpochs)) / decayEpochs;
  const left = decayRate ** (staircase ? Math.floor(decays) : decays);
  if (left >= NOTHING_LEFT) return null;
  const fall = left === 0 ? "0" : `${left.toExponential(0)} of its value`;
  return `the rate falls to ${fall} within the first tenth of the run`;
}

/** A rate that has hardly fallen in the last step of the run. */
function slowDecayWarning({ configuration: { learningRate, epochs } }: CheckedRun): string | null {
  if (learningRate.kind !== "exponentialDecay" && learningRate.kind !== "step") return null;
  const { decayEpochs, decayRate, staircase, warmupEpochs } = learningRate;
  const decays = (epochs - warmupEpochs) / decayEpochs;
  // The rate drops at the end of an interval, and nothing follows the end of the run.
  const left = decayRate ** (staircase ? Math.ceil(decays) - 1 : decays);
  // `decayRate` 1 takes the effect of the whole schedule away, which the table of settings knows.
  if (decayRate === 1 || left < NEARLY_ALL_LEFT) return null;
  return staircase && left === 1
    ? `the run has ${counted(epochs, "epoch")}, so the rate never drops`
    : `the rate falls by less than 0.1 % in the ${counted(epochs, "epoch")} of the run`;
}

function warmupWarning({ configuration, stepsPerEpoch }: CheckedRun): string | null {
  const { learningRate, epochs } = configuration;
  const { warmupEpochs } = learningRate;
  if (warmupEpochs === 0) return null;
  if (Math.round(warmupEpochs * stepsPerEpoch) === 0) {
    return `an epoch has ${counted(stepsPerEpoch, "step")}, so the warm-up takes less than half a step and is left out`;
  }
  return warmupEpochs >= 0.75 * epochs
    ? `the run has ${counted(epochs, "epoch")}, so the warm-up takes most of it`
    : null;
}

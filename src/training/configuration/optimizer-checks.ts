import type { RunConfiguration } from "../../core/runs/configuration.js";
import { ARCHITECTURES } from "../../graph/architectures/registry.js";
import { type CheckedRun, LOST_CHANGE, type SettingCheck, share } from "./setting-check.js";

/** Norm of a change of all weights over a whole run, by which no network learns. */
const NOTHING_LEARNED = 0.01;

export const OPTIMIZER_CHECKS: readonly SettingCheck[] = [
  { path: "optimizer.momentum", why: ({ configuration }) => longMemory(configuration, "sgd") },
  { path: "optimizer.beta1", why: ({ configuration }) => longMemory(configuration, "adam") },
  {
    path: "optimizer.beta2",
    why: ({ configuration: { optimizer } }) =>
      optimizer.kind !== "sgd" && optimizer.beta2 === 0
        ? "no squared gradient is remembered, so a weight changes by the learning rate or more however small its gradient is"
        : null,
  },
  { path: "optimizer.epsilon", why: epsilonWarning },
  { path: "weightDecay", why: weightDecayWarning },
  { path: "sparsity", why: sparsityWarning },
  { path: "gradientClipNorm", why: clippingWarning },
];

/** A momentum so close to 1 that early gradients decide a run to its end. */
function longMemory(
  { optimizer }: Pick<RunConfiguration, "optimizer">,
  family: "sgd" | "adam",
): string | null {
  const momentum = optimizer.kind === "sgd" ? optimizer.momentum : optimizer.beta1;
  if ((optimizer.kind === "sgd") !== (family === "sgd") || momentum < 0.9999) return null;
  return `a gradient is remembered for ${Math.round(1 / (1 - momentum)).toLocaleString("en")} steps`;
}

function epsilonWarning({ configuration: { optimizer, learningRate } }: CheckedRun): string | null {
  if (optimizer.kind === "sgd") return null;
  if (Math.fround(optimizer.epsilon) === 0)
    return "it is 0 in float32, so it does not keep the division finite";
  // With a high rate, such as 0.1, this is gradient descent, which can train.
  return optimizer.epsilon >= 1 && learningRate.initial < 0.01
    ? `it outweighs the gradients, so a step is only about ${learningRate.initial} times the gradient`
    : null;
}

function weightDecayWarning({ configuration }: CheckedRun): string | null {
  const { weightDecay, optimizer, learningRate } = configuration;
  if (optimizer.kind === "adamW") {
    const lost = weightDecay * learningRate.initial;
    return lost > 0.1 ? `each step takes away ${share(Math.min(lost, 1))} of every weight` : null;
  }
  return weightDecay >= 1 ? "the decay outweighs the gradients, and the weights vanish" : null;
}

function sparsityWarning({ configuration }: CheckedRun): string | null {
  const { sparsity, batchNormalization, frozenBlocks, architecture } = configuration;
  if (sparsity === 0) return null;
  if (!batchNormalization) {
    return "the network has no batch normalization, so it has no effect; set batchNormalization, or leave it out";
  }
  if (frozenBlocks >= ARCHITECTURES[architecture].stageCount) {
    return "all batch normalizations are frozen, so it has no effect";
  }
  return sparsity >= 0.1
    ? "the penalty outweighs the gradients, and the scales of all channels vanish"
    : null;
}

function clippingWarning({ configuration, stepsPerEpoch }: CheckedRun): string | null {
  const { gradientClipNorm, learningRate, optimizer, epochs } = configuration;
  if (gradientClipNorm === null) return null;
  // Adam divides by at least epsilon, which outweighs gradients that are smaller still.
  const greatest = optimizer.kind === "sgd" ? gradientClipNorm : gradientClipNorm / optimizer.epsilon;
  const change = greatest * learningRate.initial;
  if (change < LOST_CHANGE) {
    return "the weights change by less than float32 can hold, so the run learns nothing";
  }
  return optimizer.kind !== "sgd" && greatest < 1 && change * stepsPerEpoch * epochs < NOTHING_LEARNED
    ? "the gradients are far smaller than Adam's epsilon, so the run learns nothing"
    : null;
}

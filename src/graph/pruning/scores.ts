import { AppError } from "../../core/app-error.js";
import type { PruningCriterion } from "../../core/enumerations.js";
import type { ChannelGroup, GroupedConvolution } from "./channels.js";
import type { ScoredGroup } from "./selection.js";

/** A variable's numbers, row-major. */
export interface VariableValue {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** The importance of each output channel of a convolution. */
export type ConvolutionScores = (convolution: GroupedConvolution) => readonly number[];

/**
 * Scores by the scales of batch normalizations (Liu et al., 2017, "Learning Efficient Convolutional Networks through
 * Network Slimming"): |gamma|.
 *
 * @param read gives the variables `gamma` of the network
 */
export function scaleScores(read: (variable: string) => VariableValue): ConvolutionScores {
  return ({ name, normalization }) => {
    if (normalization === null) throw new Error(`The convolution ${name} has no batch normalization.`);
    return Array.from(read(`${normalization}/gamma`).data, Math.abs);
  };
}

/**
 * Scores by the size of filters (Li et al., 2017, "Pruning Filters for Efficient ConvNets"): the mean |weight| of each.
 *
 * @param read gives the kernels of the network's convolutions
 */
export function normScores(read: (variable: string) => VariableValue): ConvolutionScores {
  return ({ name }) => {
    const { shape, data } = read(`${name}/kernel`);
    const width = shape.at(-1) ?? 1;
    const sums = new Float64Array(width);
    for (let first = 0; first < data.length; first += width) {
      for (let channel = 0; channel < width; channel++) {
        sums[channel] = (sums[channel] ?? 0) + Math.abs(data[first + channel] ?? 0);
      }
    }
    return Array.from(sums, (sum) => (sum * width) / data.length);
  };
}

/**
 * The scores of each group's channels: the mean of those of its convolutions.
 *
 * Scales of normalizations compare across a network. The other scores depend on the size of a layer and its place, so
 * those of each convolution are divided by their mean (Fang et al., 2023, "DepGraph: Towards Any Structural Pruning",
 * which also takes the mean of a group).
 *
 * @throws AppError `WEIGHTS_INVALID` for scores that are not finite
 */
export function scoreGroups(
  groups: readonly ChannelGroup[],
  criterion: PruningCriterion,
  scoresOf: ConvolutionScores,
): readonly (ChannelGroup & ScoredGroup)[] {
  return groups.map((group) => {
    const scores = Array.from({ length: group.width }, () => 0);
    for (const convolution of group.convolutions) {
      const found = scoresOf(convolution);
      const mean = found.reduce((sum, score) => sum + score, 0) / found.length;
      if (!Number.isFinite(mean)) {
        throw new AppError(
          "WEIGHTS_INVALID",
          `Channels cannot be ranked by ${criterion}: the scores of ${convolution.name} are not finite. The network that ` +
            "is to be pruned has diverged.",
        );
      }
      const unit = criterion === "BATCH_NORM_SCALE" || mean === 0 ? 1 : mean;
      for (const [channel, score] of found.entries()) {
        scores[channel] = (scores[channel] ?? 0) + score / unit / group.convolutions.length;
      }
    }
    return { ...group, scores };
  });
}

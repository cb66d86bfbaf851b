import type { Tensor } from "../graph-node.js";
import { ones, zeros } from "../initializers/constant-value.js";
import { batchNorm, batchStatistics, coversBatchNorm } from "../ops/custom/custom-ops.js";
import { fusedBatchNorm } from "../ops/normalization.js";
import { assignVariable } from "../ops/variables.js";
import type { LayerRules } from "./layer.js";

/** The share of a moving statistic that a step keeps. PyTorch calls 1 - 0.9 the momentum. */
const BATCH_NORMALIZATION_MOMENTUM = 0.9;

export interface BatchNormalizationLayer extends LayerRules {
  readonly kind: "BatchNormalization";
  /** Added to the variance before its root is taken. */
  readonly epsilon: number;
}

/**
 * Normalizes every channel of [h, w, c] (Ioffe and Szegedy, 2015): by the statistics of the batch while training, else
 * by moving statistics. Data keep their type; gamma, beta and the statistics [c] are float32.
 *
 * A moving variance averages variances with Bessel's correction, as the fused kernel and PyTorch do; Keras 3 leaves the
 * correction out.
 */
export function batchNormalization({
  name,
  epsilon,
}: {
  readonly name: string;
  readonly epsilon: number;
}): BatchNormalizationLayer {
  const [gamma, beta] = [`${name}/gamma`, `${name}/beta`];
  const [movingMean, movingVariance] = [`${name}/moving_mean`, `${name}/moving_variance`];
  return {
    name,
    kind: "BatchNormalization",
    epsilon,
    outputShape: (input) => input,
    variables: ([, , channels = 0]) => [
      { name: gamma, shape: [channels], trainable: true, initializer: ones },
      { name: beta, shape: [channels], trainable: true, initializer: zeros },
      { name: movingMean, shape: [channels], trainable: false, initializer: zeros },
      { name: movingVariance, shape: [channels], trainable: false, initializer: ones },
    ],
    apply: (pass, input: Tensor) => {
      const { graph, variables, training } = pass;
      const inputs = {
        scale: pass.value(gamma),
        offset: pass.value(beta),
        mean: pass.value(movingMean),
        variance: pass.value(movingVariance),
      };
      const averageFactor = 1 - BATCH_NORMALIZATION_MOMENTUM;
      const move = (mean: Tensor, variance: Tensor): void => {
        for (const [statistic, moved] of [[movingMean, mean] as const, [movingVariance, variance] as const]) {
          const variable = variables.get(statistic);
          pass.stateUpdates.push(assignVariable(graph, variable.handle, variable, moved));
        }
      };
      if (!coversBatchNorm(graph, input)) {
        const node = fusedBatchNorm(graph, input, inputs, { epsilon, training, averageFactor });
        if (training) move(node.output(1), node.output(2));
        return node.output(0);
      }
      if (!training) return batchNorm(graph, input, inputs, { epsilon, relu: false });
      const statistics = batchStatistics(graph, input, inputs, averageFactor);
      move(statistics.output(2), statistics.output(3));
      const byBatch = { ...inputs, mean: statistics.output(0), variance: statistics.output(1) };
      return batchNorm(graph, input, byBatch, { epsilon, relu: false });
    },
  };
}

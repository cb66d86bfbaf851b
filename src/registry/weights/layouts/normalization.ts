import type { BatchNormalizationLayer } from "../../../graph/layers/batch-normalization.js";
import type { StoredTensor } from "../stored-tensor.js";
import { checkFinite, type ImportedOffer, readWhole, unusableNumber } from "./imported-variable.js";

/** A batch normalization as another program computes it, after a convolution. */
export interface ForeignNormalization {
  readonly gamma: StoredTensor | undefined;
  readonly beta: StoredTensor | undefined;
  readonly mean: StoredTensor | undefined;
  readonly variance: StoredTensor | undefined;
  /** Added to the variance. */
  readonly epsilon: number;
  /** The bias of the convolution before it, which our network lacks. */
  readonly bias: StoredTensor | undefined;
}

/**
 * Offers variables with which our layer gives, in inference, exactly the output of the foreign layer:
 *
 * - gamma (x + bias - mean) / sqrt(variance + epsilon) + beta: the bias goes into the mean;
 * - where our epsilon differs, the variance takes up the difference; where that would make it negative it is 0, and
 *   gamma makes up for the rest.
 *
 * While training, statistics of the batch take the place of the moving ones, and our epsilon counts.
 */
export function offerNormalization(
  offer: ImportedOffer,
  { name, epsilon: ownEpsilon }: BatchNormalizationLayer,
  foreign: ForeignNormalization,
): void {
  const { gamma, beta, mean, variance, bias, epsilon } = foreign;
  if (beta !== undefined) offer.add(`${name}/beta`, beta);
  if (mean !== undefined) {
    offer.add(`${name}/moving_mean`, mean, {
      read: () => readMean(mean, bias),
      check: async () => {
        await checkFinite(mean);
        if (bias !== undefined) await checkFinite(bias);
      },
    });
    const channels = mean.shape.join(", ");
    if (bias !== undefined && bias.shape.join(", ") !== channels) offer.addUnknown(bias, `[${channels}]`);
  }
  if (variance !== undefined) {
    offer.add(`${name}/moving_variance`, variance, {
      read: async () => {
        const values = await readVariance(variance);
        return values.map((value) => Math.max(0, value + (epsilon - ownEpsilon)));
      },
      check: async () => void (await readVariance(variance)),
    });
  }
  if (gamma !== undefined) {
    offer.add(`${name}/gamma`, gamma, {
      read: async () => {
        const scales = await readWhole(gamma);
        if (variance === undefined || epsilon >= ownEpsilon) return scales;
        const variances = await readVariance(variance);
        return scales.map((scale, channel) => {
          const theirs = (variances[channel] ?? 0) + epsilon;
          return theirs < ownEpsilon ? scale * Math.sqrt(ownEpsilon / theirs) : scale;
        });
      },
    });
  }
}

async function readVariance(tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const values = await readWhole(tensor);
  const negative = values.find((value) => value < 0);
  if (negative === undefined) return values;
  throw unusableNumber(tensor, negative, "variances of at least 0");
}

/** The mean of x, computed from the mean of x + bias. */
async function readMean(
  mean: StoredTensor,
  bias: StoredTensor | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const values = await readWhole(mean);
  if (bias === undefined) return values;
  const biases = await readWhole(bias);
  return values.map((value, channel) => value - (biases[channel] ?? 0));
}

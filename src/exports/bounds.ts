import { z } from "zod";
import type { ExportPrecision } from "../core/enumerations.js";
import type { MeasuredProof } from "./proof.js";

/** The differences from the original that an exported file may have. A null bound is not checked. */
export const EXPORT_BOUNDS = z
  .object({
    /** Greatest difference of a probability, over all images and classes. */
    maximumProbabilityDifference: z.number().nullable(),
    /** The fraction of images whose most probable class must stay the same. */
    minimumTop1Agreement: z.number().nullable(),
    /** The fraction of images by which the accuracy may be lower. */
    maximumAccuracyLoss: z.number().nullable(),
  })
  .readonly();
export type ExportBounds = z.infer<typeof EXPORT_BOUNDS>;

export const DEFAULT_BOUNDS: Readonly<Record<ExportPrecision, ExportBounds>> = {
  FLOAT32: { maximumProbabilityDifference: 1e-4, minimumTop1Agreement: 1, maximumAccuracyLoss: null },
  FLOAT16: { maximumProbabilityDifference: null, minimumTop1Agreement: 0.995, maximumAccuracyLoss: null },
  INT8: { maximumProbabilityDifference: null, minimumTop1Agreement: 0.98, maximumAccuracyLoss: 0.005 },
};

/** Far below one image of two thousand; the difference of two fractions is rounded. */
const ROUNDING = 1e-9;

/** A sentence for each bound that the figures are outside of. */
export function outsideBounds(proof: MeasuredProof, bounds: ExportBounds): readonly string[] {
  const { maximumProbabilityDifference, minimumTop1Agreement, maximumAccuracyLoss } = bounds;
  const reasons: string[] = [];
  const difference = proof.maximumProbabilityDifference;
  // A comparison with NaN is false, so each bound is checked in the form that NaN fails.
  if (maximumProbabilityDifference !== null && !(difference <= maximumProbabilityDifference)) {
    reasons.push(
      `The greatest difference of a probability is ${difference}; at most ${maximumProbabilityDifference} is allowed.`,
    );
  }
  if (minimumTop1Agreement !== null && !(proof.top1Agreement >= minimumTop1Agreement)) {
    reasons.push(
      `The most probable class agrees for ${proof.top1Agreement} of the images; at least ${minimumTop1Agreement} is needed.`,
    );
  }
  const loss = proof.originalAccuracy - proof.accuracy;
  if (maximumAccuracyLoss !== null && !(loss <= maximumAccuracyLoss + ROUNDING)) {
    reasons.push(`The accuracy is lower by ${loss}; at most ${maximumAccuracyLoss} is allowed.`);
  }
  return reasons;
}

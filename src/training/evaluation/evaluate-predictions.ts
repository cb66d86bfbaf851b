import { type ConfusionMatrix, cellsOf, countConfusion } from "../../core/confusion-matrix.js";
import { confidence, isRight, type Predictions, predictedClass } from "./predictions.js";

/** The quality of a network's predictions on a split. */
export interface EvaluationFigures {
  readonly sampleCount: number;
  /** Mean cross-entropy; may be infinite or NaN. */
  readonly loss: number;
  /** Fractions in [0, 1]. */
  readonly top1: number;
  readonly top5: number;
  /** In [0, 1]: the difference between the probability of the most probable class and how often it is right. */
  readonly expectedCalibrationError: number;
  readonly confusion: ConfusionMatrix;
}

/** A figure is null where it would be a division by 0. */
export interface ClassFigures {
  /** The fraction of the samples predicted to be of the class that are of it. */
  readonly precision: number | null;
  /** The fraction of the samples of the class that are predicted to be of it. */
  readonly recall: number | null;
  /** Harmonic mean of both: 2 TP / (2 TP + FP + FN). */
  readonly f1: number | null;
  /** Number of samples of the class. */
  readonly support: number;
}

const CALIBRATION_BINS = 15;

/** @param predictions of at least one sample, with classes below `classCount` */
export function evaluatePredictions(predictions: Predictions, classCount: number): EvaluationFigures {
  const { sampleCount, labels, losses } = predictions;
  const predicted = new Int32Array(sampleCount);
  let [loss, top1, top5] = [0, 0, 0];
  for (let sample = 0; sample < sampleCount; sample++) {
    loss += losses[sample] ?? 0;
    if (isRight(predictions, sample)) top1++;
    if (isRight(predictions, sample, 5)) top5++;
    predicted[sample] = predictedClass(predictions, sample);
  }
  return {
    sampleCount,
    loss: loss / sampleCount,
    top1: top1 / sampleCount,
    top5: top5 / sampleCount,
    expectedCalibrationError: expectedCalibrationError(predictions),
    confusion: countConfusion(labels, predicted, classCount),
  };
}

/**
 * Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks (2017), equation 5, with 15
 * bins of equal width that are open below and closed above.
 */
function expectedCalibrationError(predictions: Predictions): number {
  const right = new Float64Array(CALIBRATION_BINS);
  const sure = new Float64Array(CALIBRATION_BINS);
  for (let sample = 0; sample < predictions.sampleCount; sample++) {
    const probability = confidence(predictions, sample);
    // A probability that is not a number counts as wrong and certain, the worst possible prediction.
    const certainty = Number.isFinite(probability) ? probability : 1;
    const bin = Math.min(CALIBRATION_BINS, Math.max(1, Math.ceil(certainty * CALIBRATION_BINS))) - 1;
    right[bin] = (right[bin] ?? 0) + (isRight(predictions, sample) ? 1 : 0);
    sure[bin] = (sure[bin] ?? 0) + certainty;
  }
  const gaps = right.reduce((sum, count, bin) => sum + Math.abs(count - (sure[bin] ?? 0)), 0);
  return gaps / predictions.sampleCount;
}

/** The figures of each class, in class order. */
export function classFigures(confusion: ConfusionMatrix, classCount: number): readonly ClassFigures[] {
  const counts = Array.from({ length: classCount }, () => ({ support: 0, claimed: 0, right: 0 }));
  for (const { trueClass, predictedClass, sampleCount } of cellsOf(confusion)) {
    const [truly, predicted] = [counts[trueClass], counts[predictedClass]];
    if (truly === undefined || predicted === undefined) continue;
    truly.support += sampleCount;
    predicted.claimed += sampleCount;
    if (truly === predicted) truly.right += sampleCount;
  }
  return counts.map(({ support, claimed, right }) => ({
    precision: ratio(right, claimed),
    recall: ratio(right, support),
    f1: ratio(2 * right, claimed + support),
    support,
  }));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

import { confidence, isRight, type Predictions, predictedClass } from "../evaluation/predictions.js";

/** The samples that one of two runs predicts correctly and the other wrongly, by position. */
export interface Disagreements {
  readonly positions: Int32Array;
  /** The predictions of the first run, then those of the second. */
  readonly predictions: readonly [TopPredictions, TopPredictions];
}

/** The most probable class of each of some samples. */
export interface TopPredictions {
  readonly classes: Int32Array;
  readonly probabilities: Float32Array;
}

/** @param first and second: predictions on the same split of the same version, in the order of its manifest */
export function findDisagreements(first: Predictions, second: Predictions): Disagreements {
  const found: [number, number][] = [];
  for (let a = 0, b = 0; a < first.sampleCount && b < second.sampleCount; ) {
    const difference = (first.positions[a] ?? 0) - (second.positions[b] ?? 0);
    if (difference === 0 && isRight(first, a) !== isRight(second, b)) found.push([a, b]);
    if (difference <= 0) a++;
    if (difference >= 0) b++;
  }
  return {
    positions: Int32Array.from(found, ([a]) => first.positions[a] ?? 0),
    predictions: [
      topOf(
        first,
        found.map(([a]) => a),
      ),
      topOf(
        second,
        found.map(([, b]) => b),
      ),
    ],
  };
}

function topOf(predictions: Predictions, samples: readonly number[]): TopPredictions {
  return {
    classes: Int32Array.from(samples, (sample) => predictedClass(predictions, sample)),
    // A probability that is not a number counts as 0.
    probabilities: Float32Array.from(samples, (sample) => confidence(predictions, sample) || 0),
  };
}

/** The index of the first position after `after`; positions are ascending. */
export function indexAfter(positions: Int32Array, after: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

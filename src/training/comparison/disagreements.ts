import { confidence, isRight, type Predictions, predictedClass } from "../evaluation/predictions.js";

/** The samples that one of two runs gets right and the other wrong, by position. */
export interface Disagreements {
  readonly positions: Int32Array;
  /** What the first run takes each for, then what the second does. */
  readonly predictions: readonly [TopPredictions, TopPredictions];
}

/** The likeliest class of some samples. */
export interface TopPredictions {
  readonly classes: Int32Array;
  readonly probabilities: Float32Array;
}

/** @param first and second of one split of one version, each in the order of its manifest */
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
    // What is no number is as unlikely as can be.
    probabilities: Float32Array.from(samples, (sample) => confidence(predictions, sample) || 0),
  };
}

/** The index of the first position beyond `after`; positions rise. */
export function indexAfter(positions: Int32Array, after: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

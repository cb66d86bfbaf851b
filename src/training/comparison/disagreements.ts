import type { KeyRange } from "../../core/keyset.js";
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

/** Returns the index of the first position in a range and the index after the last; positions are ascending. */
export function indicesIn(
  positions: Int32Array,
  { after, before, backward, limit }: KeyRange<readonly [number]>,
): readonly [from: number, to: number] {
  const from =
    after === null ? 0 : indexOfFirst(positions, after.inclusive ? after.key[0] : after.key[0] + 1);
  const end =
    before === null
      ? positions.length
      : indexOfFirst(positions, before.inclusive ? before.key[0] + 1 : before.key[0]);
  const to = Math.max(from, end);
  return backward ? [Math.max(from, to - limit), to] : [from, Math.min(to, from + limit)];
}

/** Returns the index of the first position that is at least `minimum`. */
function indexOfFirst(positions: Int32Array, minimum: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) >= minimum) high = middle;
    else low = middle + 1;
  }
  return low;
}

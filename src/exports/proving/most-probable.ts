/** The first of the greatest values in a row; -1 where it holds no numbers. */
export function mostProbable(probabilities: Float32Array, row: number, classCount: number): number {
  let best = -1;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < classCount; index++) {
    const value = probabilities[row * classCount + index] ?? Number.NaN;
    if (value > greatest) {
      greatest = value;
      best = index;
    }
  }
  return best;
}

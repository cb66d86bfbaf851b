/**
 * A confusion matrix without its zeros. It has at most one cell per sample, whatever the number of classes: a square
 * matrix of 12,000 classes would take 576 MB.
 */
export interface ConfusionMatrix {
  /**
   * Three numbers for each cell: true class, predicted class and number of samples, which is at least 1. The cells with
   * the most samples come first, then those of the first true class, then of the first predicted class.
   */
  readonly cells: Int32Array;
}

/** Number of samples of one class that are predicted to be of one class. Classes are numbered from 0. */
export interface ConfusionCell {
  readonly trueClass: number;
  readonly predictedClass: number;
  readonly sampleCount: number;
}

/** Numbers for each cell. */
const CELL_SIZE = 3;

/** @param labels and predicted: the true class and the predicted class of each sample, below `classCount` */
export function countConfusion(
  labels: Int32Array,
  predicted: Int32Array,
  classCount: number,
): ConfusionMatrix {
  const keys = Float64Array.from(labels, (label, sample) => label * classCount + (predicted[sample] ?? 0));
  keys.sort();
  const cells: ConfusionCell[] = [];
  for (let from = 0, to = 0; from < keys.length; from = to) {
    const key = keys[from] ?? 0;
    while (keys[to] === key) to++;
    cells.push({
      trueClass: Math.floor(key / classCount),
      predictedClass: key % classCount,
      sampleCount: to - from,
    });
  }
  cells.sort(compareCells);
  return {
    cells: Int32Array.from(
      cells.flatMap(({ trueClass, predictedClass, sampleCount }) => [trueClass, predictedClass, sampleCount]),
    ),
  };
}

/** The order of the cells of a matrix. */
export function compareCells(a: ConfusionCell, b: ConfusionCell): number {
  return b.sampleCount - a.sampleCount || a.trueClass - b.trueClass || a.predictedClass - b.predictedClass;
}

export function cellsOf({ cells }: ConfusionMatrix): readonly ConfusionCell[] {
  return Array.from({ length: cells.length / CELL_SIZE }, (_cell, index) => ({
    trueClass: cells[index * CELL_SIZE] ?? 0,
    predictedClass: cells[index * CELL_SIZE + 1] ?? 0,
    sampleCount: cells[index * CELL_SIZE + 2] ?? 0,
  }));
}

/** Numbers of samples, [true class, predicted class] in row-major order. For few classes only. */
export function denseConfusion(matrix: ConfusionMatrix, classCount: number): Int32Array {
  const dense = new Int32Array(classCount * classCount);
  for (const { trueClass, predictedClass, sampleCount } of cellsOf(matrix)) {
    dense[trueClass * classCount + predictedClass] = sampleCount;
  }
  return dense;
}

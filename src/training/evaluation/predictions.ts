/** The outputs of `eval_step` for a batch, with the labels of its samples. */
export interface EvaluatedBatch {
  /** Positions in the manifest. */
  readonly positions: Int32Array;
  readonly labels: Int32Array;
  /** Cross-entropy of each sample, neither smoothed nor weighted. */
  readonly losses: Float32Array;
  /** [samples, ranks]: classes in the order of decreasing probability. */
  readonly ranked: Int32Array;
  /** [samples, ranks]: probabilities of these classes. */
  readonly probabilities: Float32Array;
}

export interface RankedBatch extends EvaluatedBatch {
  /** Number of classes that are kept for each sample: 5, or all where there are fewer. */
  readonly ranks: number;
}

/** The predictions of a network for all samples of a split, in the order of the manifest. */
export interface Predictions extends RankedBatch {
  readonly sampleCount: number;
}

/** Joins the batches of an evaluation. */
export class PredictionsCollector {
  readonly #batches: EvaluatedBatch[] = [];

  /** Keeps the arrays, so they must not change afterwards. Batches come in the order of the manifest. */
  readonly add = (batch: EvaluatedBatch): void => {
    this.#batches.push(batch);
  };

  finish(): Predictions {
    const sampleCount = this.#batches.reduce((sum, { positions }) => sum + positions.length, 0);
    const kept = this.#batches.reduce((sum, { ranked }) => sum + ranked.length, 0);
    const whole: Predictions = {
      sampleCount,
      ranks: sampleCount === 0 ? 0 : kept / sampleCount,
      positions: new Int32Array(sampleCount),
      labels: new Int32Array(sampleCount),
      losses: new Float32Array(sampleCount),
      ranked: new Int32Array(kept),
      probabilities: new Float32Array(kept),
    };
    let sample = 0;
    for (const batch of this.#batches) {
      whole.positions.set(batch.positions, sample);
      whole.labels.set(batch.labels, sample);
      whole.losses.set(batch.losses, sample);
      whole.ranked.set(batch.ranked, sample * whole.ranks);
      whole.probabilities.set(batch.probabilities, sample * whole.ranks);
      sample += batch.positions.length;
    }
    return whole;
  }
}

/** The most probable class of a sample. */
export function predictedClass({ ranked, ranks }: Predictions, sample: number): number {
  return ranked[sample * ranks] ?? 0;
}

/** The probability of the most probable class; NaN when the network computed NaN. */
export function confidence({ probabilities, ranks }: RankedBatch, sample: number): number {
  return probabilities[sample * ranks] ?? Number.NaN;
}

/** Whether the label is among the first `among` classes. A sample with a loss of NaN counts as wrong. */
export function isRight(predictions: RankedBatch, sample: number, among = 1): boolean {
  const { labels, losses, ranked, ranks } = predictions;
  if (!Number.isFinite(losses[sample]) || !Number.isFinite(confidence(predictions, sample))) return false;
  const first = sample * ranks;
  for (let place = first; place < first + Math.min(among, ranks); place++) {
    if (ranked[place] === labels[sample]) return true;
  }
  return false;
}

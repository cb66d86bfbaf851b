import type { MetricValueAt } from "../../core/metrics/epoch-metrics.js";
import { BATCH_LOSS, EPOCH_METRICS } from "../../core/metrics/epoch-metrics.js";

/** The step at which the loss was no longer finite. */
export interface DivergencePoint {
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  /** Number of optimizer steps. */
  readonly globalStep: number;
  readonly learningRate: number;
}

/** The training loss of a step is NaN or infinite. The weights are lost, but the earlier checkpoints are not. */
export class Diverged extends Error {
  constructor(
    readonly loss: number,
    readonly point: DivergencePoint,
  ) {
    super(
      `The training loss became ${loss} in epoch ${point.epoch} at step ${point.step}, with a learning rate of ` +
        `${point.learningRate}. Lower learningRate.initial, or warm up longer.`,
    );
    this.name = "Diverged";
  }

  get epoch(): number {
    return this.point.epoch;
  }

  /** The metrics of the unfinished epoch. */
  get metrics(): readonly MetricValueAt[] {
    const { globalStep: step, learningRate } = this.point;
    return [
      { key: BATCH_LOSS.key, step, value: this.loss },
      { key: EPOCH_METRICS.trainLoss.key, step, value: this.loss },
      { key: EPOCH_METRICS.learningRate.key, step, value: learningRate },
    ];
  }
}

/** @throws Diverged */
export function checkLoss(loss: number, point: DivergencePoint): void {
  if (!Number.isFinite(loss)) throw new Diverged(loss, point);
}

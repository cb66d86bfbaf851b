import type { MonitoredMetric } from "../../core/enumerations.js";
import type { EarlyStopping as Settings } from "../../core/run-configuration.js";
import type { EpochRecord } from "../../core/run-events.js";
import { improves, scoreOf } from "./monitor.js";

/**
 * Ends a run that has stopped improving: after `patience` epochs in a row without a gain of at least
 * `minDelta` over the best. Like `BestCheckpoint`, its state is a function of the epochs it was shown.
 */
export class EarlyStopping {
  #best: number | null = null;
  #epochsWithoutGain = 0;

  /**
   * @param settings null: never stops
   * @param extendedAfterEpochs after which a run that had ended went on: what came before counts no more, as in
   *   Keras, where every `fit` begins with its whole patience
   */
  constructor(
    private readonly settings: Settings | null,
    private readonly monitor: MonitoredMetric,
    private readonly extendedAfterEpochs: readonly number[] = [],
  ) {}

  observe(epoch: EpochRecord): void {
    const score = scoreOf(epoch, this.monitor);
    if (improves(score, this.#best, this.settings?.minDelta ?? 0)) {
      this.#best = score;
      this.#epochsWithoutGain = 0;
    } else {
      this.#epochsWithoutGain += 1;
    }
    if (this.extendedAfterEpochs.includes(epoch.number)) {
      this.#best = null;
      this.#epochsWithoutGain = 0;
    }
  }

  get shouldStop(): boolean {
    return this.settings !== null && this.#epochsWithoutGain >= this.settings.patience;
  }

  get detail(): string {
    return `No gain in the monitored metric for ${this.#epochsWithoutGain} epochs.`;
  }
}

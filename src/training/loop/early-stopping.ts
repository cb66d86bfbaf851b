import type { MonitoredMetric } from "../../core/enumerations.js";
import type { EarlyStopping as Settings } from "../../core/runs/configuration.js";
import type { EpochRecord } from "../../core/runs/events.js";
import { improves, scoreOf } from "./monitor.js";

/**
 * Ends a run that has stopped improving: after `patience` consecutive epochs without a gain of at least `minDelta` over
 * the best epoch (see `improves`). As in `BestCheckpoint`, its state depends on the observed epochs alone.
 */
export class EarlyStopping {
  #best: number | null = null;
  #epochsWithoutGain = 0;

  /**
   * @param settings null: never stops
   * @param extendedAfterEpochs the epochs after which the run had ended and was extended. The count of epochs without a
   *   gain begins again there, as in Keras, where every `fit` begins with the full patience
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
    return `The monitored metric has not improved for ${this.#epochsWithoutGain} epochs.`;
  }
}

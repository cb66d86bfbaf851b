import type { MonitoredMetric } from "../../core/enumerations.js";
import type { EpochRecord } from "../../core/run-events.js";
import { improves, scoreOf } from "./monitor.js";

/** Knows the best epoch so far. Its state is a function of the epochs it was shown, so resuming shows them again. */
export class BestCheckpoint {
  #best: number | null = null;

  constructor(private readonly monitor: MonitoredMetric) {}

  /** @returns whether the epoch is better than every one before */
  observe(epoch: EpochRecord): boolean {
    const score = scoreOf(epoch, this.monitor);
    const improved = improves(score, this.#best, 0);
    if (improved) this.#best = score;
    return improved;
  }
}

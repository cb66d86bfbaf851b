import type { MonitoredMetric } from "../../core/enumerations.js";
import type { EpochRecord } from "../../core/runs/events.js";
import { improves, scoreOf } from "./monitor.js";

/** Finds the best epoch so far. Its state depends on the observed epochs alone, so a resumed run observes them again. */
export class BestCheckpoint {
  #best: number | null = null;

  constructor(private readonly monitor: MonitoredMetric) {}

  /** @returns whether the epoch is better than all epochs before */
  observe(epoch: EpochRecord): boolean {
    const score = scoreOf(epoch, this.monitor);
    const improved = improves(score, this.#best, 0);
    if (improved) this.#best = score;
    return improved;
  }
}

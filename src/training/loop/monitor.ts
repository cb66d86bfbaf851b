import type { MonitoredMetric } from "../../core/enumerations.js";
import type { EpochRecord } from "../../core/run-events.js";

interface Monitor {
  readonly read: (epoch: EpochRecord) => number;
  /** 1 when higher is better, -1 when lower is. */
  readonly sign: 1 | -1;
}

const MONITORS: { readonly [Metric in MonitoredMetric]: Monitor } = {
  VALIDATION_LOSS: { read: (epoch) => epoch.validationLoss, sign: -1 },
  VALIDATION_TOP1: { read: (epoch) => epoch.validationTop1, sign: 1 },
  VALIDATION_TOP5: { read: (epoch) => epoch.validationTop5, sign: 1 },
};

/** The monitored value of an epoch, turned so that higher is better. */
export function scoreOf(epoch: EpochRecord, monitor: MonitoredMetric): number {
  const { read, sign } = MONITORS[monitor];
  return read(epoch) * sign;
}

/** A value that is not finite never improves on anything, and anything finite improves on none. */
export function improves(score: number, best: number | null, minDelta: number): boolean {
  if (!Number.isFinite(score)) return false;
  return best === null || (score > best && score - best >= minDelta);
}

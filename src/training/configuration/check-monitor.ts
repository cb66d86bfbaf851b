import { AppError } from "../../core/app-error.js";
import type { MonitoredMetric } from "../../core/enumerations.js";
import { distinguishingMonitors } from "../../core/metrics/monitored-metric.js";
import { inWords } from "../../core/settings/wording.js";

/**
 * @throws AppError `CONFIGURATION_INVALID` for a monitored metric that is the same in every epoch, so that it can neither
 *   select a checkpoint nor stop a run
 */
export function checkMonitor(monitor: MonitoredMetric, classCount: number): void {
  const accepted = distinguishingMonitors(classCount);
  if (accepted.includes(monitor)) return;
  throw new AppError(
    "CONFIGURATION_INVALID",
    `monitor must be ${inWords(accepted)} for a dataset of ${classCount} classes. Received ${JSON.stringify(monitor)}, ` +
      "which is the same in every epoch: with so few classes, the right one is always among those that count.",
    { path: ["configuration", "monitor"] },
  );
}

import { AppError } from "../../core/app-error.js";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/runs/events.js";

export interface AlignedCurve {
  readonly key: string;
  /** The epochs that at least one of the runs has, ascending. */
  readonly epochs: readonly number[];
  readonly series: readonly CurveSeries[];
}

export interface CurveSeries {
  readonly runId: string;
  /** One value for each epoch; null where the run does not have the epoch or the value is not finite. */
  readonly values: readonly (number | null)[];
}

/** @throws AppError `METRIC_UNKNOWN` */
export function alignEpochs(
  key: string,
  runs: readonly { readonly runId: string; readonly epochs: readonly EpochRecord[] }[],
): AlignedCurve {
  const name = EPOCH_METRIC_NAMES.find((metric) => EPOCH_METRICS[metric].key === key);
  if (name === undefined) {
    const keys = EPOCH_METRIC_NAMES.map((metric) => EPOCH_METRICS[metric].key);
    throw new AppError(
      "METRIC_UNKNOWN",
      `A curve is of one of ${keys.join(", ")}. Received ${JSON.stringify(key)}.`,
      { path: ["keys"] },
    );
  }
  const numbers = [...new Set(runs.flatMap(({ epochs }) => epochs.map(({ number }) => number)))].sort(
    (a, b) => a - b,
  );
  return {
    key,
    epochs: numbers,
    series: runs.map(({ runId, epochs }) => {
      const values = new Map(epochs.map((epoch) => [epoch.number, epoch[name]]));
      return { runId, values: numbers.map((number) => finite(values.get(number))) };
    }),
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

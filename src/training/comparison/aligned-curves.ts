import { AppError } from "../../core/app-error.js";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/run-events.js";

export interface AlignedCurve {
  readonly key: string;
  /** Ascending: the epochs that any of the runs has. */
  readonly epochs: readonly number[];
  readonly series: readonly CurveSeries[];
}

export interface CurveSeries {
  readonly runId: string;
  /** One for each epoch; null where the run has no such epoch or its value is not finite. */
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

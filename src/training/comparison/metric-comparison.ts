import type { NoBestRunReason } from "../../core/enumerations.js";
import {
  betterDirection,
  dependsOnLoss,
  EPOCH_METRIC_NAMES,
  EPOCH_METRICS,
  type EpochMetricValues,
} from "../../core/metrics/epoch-metrics.js";
import type { MetricSummaryRecord } from "../record/run-records.js";

export interface MetricComparison {
  readonly key: string;
  /** Over all epochs; null for a run without a finite value. */
  readonly best: readonly (number | null)[];
  /** May be NaN or infinite; null for a run without the metric. */
  readonly last: readonly (number | null)[];
  /** At the epoch of the selected checkpoint; may be NaN or infinite; null without one. */
  readonly selected: readonly (number | null)[];
  /** Id of the run with the best value of all epochs; null for one of the reasons. */
  readonly bestRunId: string | null;
  /** Null exactly when there is a best run. */
  readonly noBestRunReason: NoBestRunReason | null;
}

/** What the values of compared runs have in common. */
export interface CommonGround {
  /** Whether all runs are of one dataset version. */
  readonly dataset: boolean;
  /** Whether training minimizes the same loss in all runs. */
  readonly loss: boolean;
}

/**
 * The metrics that at least one of the runs has, by key.
 *
 * @param summaries of the runs, in any order
 * @param selected the metrics of the selected checkpoints, by run
 */
export function compareMetrics(
  runIds: readonly string[],
  summaries: readonly MetricSummaryRecord[],
  selected: ReadonlyMap<string, EpochMetricValues>,
  common: CommonGround,
): readonly MetricComparison[] {
  const keys = [...new Set(summaries.map(({ key }) => key))].sort();
  return keys.map((key) => {
    const ofRuns = runIds.map((runId) =>
      summaries.find((summary) => summary.runId === runId && summary.key === key),
    );
    const name = EPOCH_METRIC_NAMES.find((metric) => EPOCH_METRICS[metric].key === key);
    const best = ofRuns.map((summary) => summary?.bestValue ?? null);
    return {
      key,
      best,
      last: ofRuns.map((summary) => summary?.lastValue ?? null),
      selected: runIds.map((runId) => (name === undefined ? null : (selected.get(runId)?.[name] ?? null))),
      ...bestRun(key, runIds, best, common),
    };
  });
}

function bestRun(
  key: string,
  runIds: readonly string[],
  best: readonly (number | null)[],
  common: CommonGround,
): Pick<MetricComparison, "bestRunId" | "noBestRunReason"> {
  const without = (noBestRunReason: NoBestRunReason) => ({ bestRunId: null, noBestRunReason });
  const direction = betterDirection(key);
  if (direction === null) return without("NO_DIRECTION");
  const values = best.filter((value) => value !== null);
  if (values.length === 0) return without("NO_VALUE");
  if (!common.dataset) return without("DATASET_DIFFERS");
  if (!common.loss && dependsOnLoss(key)) return without("LOSS_DIFFERS");
  const top = direction === "lower" ? Math.min(...values) : Math.max(...values);
  const [holder, ...others] = runIds.filter((_runId, index) => best[index] === top);
  if (holder === undefined || others.length > 0) return without("TIE");
  return { bestRunId: holder, noBestRunReason: null };
}

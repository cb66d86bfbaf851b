import { EPOCH_METRICS, tensorBoardTag } from "../../src/core/metrics/epoch-metrics.js";
import type { MetricPoint, RunEvidence } from "../evidence/run-evidence.js";
import { alignEntries, type DeviationKind, type Entry } from "./align-entries.js";
import type { Difference, DifferenceKind } from "./difference.js";

/** A changed value counts as lost, and a value that the reference does not have counts as doubled. */
const KINDS: Readonly<Record<DeviationKind, DifferenceKind>> = {
  LOST: "METRIC_LOST",
  CHANGED: "METRIC_LOST",
  DOUBLED: "METRIC_DOUBLED",
  UNEXPECTED: "METRIC_DOUBLED",
  OUT_OF_ORDER: "OTHER",
};

/** Keys of metrics and tags of TensorBoard that measure time, so that their values differ between equal runs. */
const TIMES: ReadonlySet<string> = new Set(
  Object.values(EPOCH_METRICS).flatMap(({ key, deterministic }) =>
    deterministic ? [] : [key, tensorBoardTag(key)],
  ),
);

/** Returns whether only the steps of a metric or TensorBoard tag are compared. */
export function measuresTime(metric: string): boolean {
  return TIMES.has(metric);
}

/** Compares every point of every metric bit by bit, and the summaries of the metrics. */
export function compareMetrics(reference: RunEvidence, run: RunEvidence): readonly Difference[] {
  const keys = new Set([...reference.metrics.keys(), ...run.metrics.keys()]);
  return [
    ...[...keys].sort().flatMap((key) => comparePoints(reference, run, key)),
    ...compareSummaries(reference, run),
  ];
}

function comparePoints(reference: RunEvidence, run: RunEvidence, key: string): readonly Difference[] {
  const entries = (points: readonly MetricPoint[] = []): readonly Entry[] =>
    points.map(({ step, value }) => ({ key: `step ${step}`, content: measuresTime(key) ? "a time" : value }));
  return alignEntries(entries(reference.metrics.get(key)), entries(run.metrics.get(key))).map(
    (deviation) => ({
      kind: KINDS[deviation.kind],
      words: `${run.name} (${run.runId}): metric ${key}, ${deviation.key} ${deviation.words}`,
    }),
  );
}

function compareSummaries(reference: RunEvidence, run: RunEvidence): readonly Difference[] {
  const entries = ({ summaries }: RunEvidence): readonly Entry[] =>
    summaries.map(({ key, ...summary }) => ({
      key,
      content: measuresTime(key) ? "a time" : JSON.stringify(summary),
    }));
  return alignEntries(entries(reference), entries(run)).map((deviation) => ({
    kind: "OTHER",
    words: `${run.name} (${run.runId}): last and best of metric ${deviation.key}: ${deviation.words}`,
  }));
}

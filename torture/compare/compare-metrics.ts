import { EPOCH_METRICS, tensorBoardTag } from "../../src/core/metrics/epoch-metrics.js";
import type { MetricPoint, RunEvidence } from "../evidence/run-evidence.js";
import { alignEntries, type DeviationKind, type Entry } from "./align-entries.js";
import type { Difference, DifferenceKind } from "./difference.js";

/** A value that another took the place of is lost; one that nobody measured in the reference came twice. */
const KINDS: Readonly<Record<DeviationKind, DifferenceKind>> = {
  LOST: "METRIC_LOST",
  CHANGED: "METRIC_LOST",
  DOUBLED: "METRIC_DOUBLED",
  UNEXPECTED: "METRIC_DOUBLED",
  OUT_OF_ORDER: "OTHER",
};

/** Keys of metrics, and tags of TensorBoard, whose values differ between equal runs: they measure time. */
const TIMES: ReadonlySet<string> = new Set(
  Object.values(EPOCH_METRICS).flatMap(({ key, deterministic }) =>
    deterministic ? [] : [key, tensorBoardTag(key)],
  ),
);

/** Whether a metric, or a TensorBoard tag, is compared by its steps alone. */
export function measuresTime(metric: string): boolean {
  return TIMES.has(metric);
}

/** Every point of every metric, bit by bit, and what is kept beside them. */
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

import { markdownTable } from "../../lang/markdown-table.js";
import { BATCH_LOSS, EPOCH_METRICS } from "./epoch-metrics.js";
import type { Metric } from "./metric.js";

const INTRODUCTION = `# Metrics

<!-- Written by \`npm run schema\` from src/core/metrics/epoch-metrics.ts. Do not edit. -->

A run records each metric as points: a value at an optimizer step. \`Run.metrics\` has the last and the best value of each,
\`Run.metricHistory\` and \`Run.metricPoints\` have its points, and \`Run.epochs\` has the metrics of each epoch together. The
same keys select metrics in \`RunFilter.metric\`, \`RunOrderInput.metric\` and \`RunComparison.curves\`.

A value may be NaN or infinite; the best value is always finite. A metric that is *not repeatable* may have
different values in two runs whose weights and other metrics are equal bit by bit.
`;

/** The page docs/metrics.md. */
export function metricsReference(): string {
  const rows = Object.entries(EPOCH_METRICS).map(([name, metric]) => [
    ...cellsOf(metric),
    `\`${name}\``,
    "monitor" in metric ? `\`${metric.monitor}\`` : "",
  ]);
  return [
    INTRODUCTION,
    "## Once an epoch\n",
    markdownTable([...COLUMNS, "Field of `Epoch`", "Value of `monitor`"], rows),
    "## Every step\n",
    markdownTable(COLUMNS, [cellsOf(BATCH_LOSS)]),
  ].join("\n");
}

const COLUMNS = ["Key", "Name", "Meaning", "Unit", "Better", "Repeatable"];

function cellsOf({ key, label, description, unit, better, deterministic }: Metric): readonly string[] {
  return [`\`${key}\``, label, description, unit ?? "", better ?? "", deterministic ? "yes" : "no"];
}

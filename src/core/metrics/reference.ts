import { markdownTable } from "../../lang/markdown-table.js";
import { LOSS_PATHS } from "../settings/recorded-values.js";
import { BATCH_LOSS, EPOCH_METRICS } from "./epoch-metrics.js";
import type { Metric } from "./metric.js";

const LOSS_SETTINGS = LOSS_PATHS.map((path) => `\`${path}\``).join(" and ");

const INTRODUCTION = `# Metrics

<!-- Written by \`npm run schema\` from src/core/metrics/epoch-metrics.ts. Do not edit. -->

A run records each metric as points: a value at an optimizer step. \`Run.metrics\` has the last and the best value of each,
\`Run.metricHistory\` and \`Run.metricPoints\` have its points, and \`Run.epochs\` has the metrics of each epoch together. The
same keys select metrics in \`RunFilter.metric\`, \`RunOrderInput.metric\` and \`RunComparison.curves\`.

A comparison names the run with the best value of a metric (\`RunComparison.metrics.bestRun\`) only where one value is
better than another: the metric has a better direction, and all runs are of the same dataset version. For metrics that
*depend on the loss*, all runs also have the same ${LOSS_SETTINGS}: these give a training
loss another definition, and move the weights away from the least validation loss. \`noBestRunReason\` says which
condition does not hold.

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

const COLUMNS = ["Key", "Name", "Meaning", "Unit", "Better", "Depends on the loss", "Repeatable"];

function cellsOf(metric: Metric): readonly string[] {
  const { key, label, description, unit, better, dependsOnLoss, deterministic } = metric;
  const yesOrNo = (fact: boolean): string => (fact ? "yes" : "no");
  return [
    `\`${key}\``,
    label,
    description,
    unit ?? "",
    better ?? "",
    yesOrNo(dependsOnLoss),
    yesOrNo(deterministic),
  ];
}

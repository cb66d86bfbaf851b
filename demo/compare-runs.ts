import type { ResultOf } from "@graphql-typed-document-node/core";
import type { ApiClient } from "../src/client/api-client.js";
import { ClientError } from "../src/client/client-error.js";
import { graphql } from "../src/client/generated/gql.js";
import { type Terminal, table } from "../src/client/terminal.js";
import type { RunReport } from "./report.js";
import type { LaunchedRun } from "./train.js";

const COMPARE_RUNS = graphql(`query DemoCompare($runIds: [ID!]!) {
  compareRuns(runIds: $runIds) {
    runs { id name state trainingSeconds configuration { parameterCount } epochs { number } }
    configuration { path values }
    metrics { key best { value } bestRun { id } }
  }
}`);

type Comparison = ResultOf<typeof COMPARE_RUNS>["compareRuns"];

/** The first metric decides which run is better. In a tie the next one decides. */
const SHOWN_METRICS = [
  { key: "validation.top1", name: "best validation top-1", percent: true },
  { key: "validation.loss", name: "best validation loss", percent: false },
  { key: "train.loss", name: "best training loss", percent: false },
] as const;

export interface Verdict {
  readonly better: LaunchedRun;
  readonly reports: readonly RunReport[];
}

/** Shows how the runs differ and which one is better. */
export async function compareRuns(
  api: ApiClient,
  terminal: Terminal,
  runs: readonly LaunchedRun[],
): Promise<Verdict> {
  const { compareRuns: comparison } = await api.request(COMPARE_RUNS, { runIds: runs.map((run) => run.id) });
  const differences = comparison.configuration.map(({ path, values }) => `${path} (${values.join(" / ")})`);
  terminal.step("Compare", `the runs differ in ${differences.join(", ") || "nothing"}`);

  const metrics = SHOWN_METRICS.map(({ key }) => comparison.metrics.find((metric) => metric.key === key));
  const deciding = metrics.find((metric) => metric?.bestRun !== undefined && metric.bestRun !== null);
  const better = runs.find((run) => run.id === deciding?.bestRun?.id);
  if (better === undefined) {
    throw new ClientError(
      "NO_BETTER_RUN",
      "Expected one run to be better. The runs are equal in every metric.",
    );
  }
  const [top1] = metrics;
  const rows = metricRows(comparison, runs, terminal);
  for (const row of table(rows, ["left", ...runs.map(() => "right" as const)])) terminal.detail(row);
  return {
    better,
    reports: comparison.runs.map((run, index) => ({
      id: run.id,
      state: run.state,
      bestValTop1: top1?.best[index]?.value ?? null,
      epochs: run.epochs.length,
      seconds: run.trainingSeconds,
    })),
  };
}

function metricRows(comparison: Comparison, runs: readonly LaunchedRun[], terminal: Terminal): string[][] {
  const rows = [["", ...runs.map((run) => run.label)]];
  for (const { key, name, percent } of SHOWN_METRICS) {
    const metric = comparison.metrics.find((candidate) => candidate.key === key);
    if (metric === undefined) continue;
    const cells = metric.best.map((best, index) => {
      const value = best?.value ?? null;
      const text = value === null ? "n/a" : percent ? `${(value * 100).toFixed(1)} %` : value.toFixed(3);
      return metric.bestRun?.id === runs[index]?.id ? terminal.good(text) : text;
    });
    rows.push([name, ...cells]);
  }
  const seconds = comparison.runs.map((run) => `${Math.round(run.trainingSeconds ?? 0)} s`);
  rows.push(["time", ...seconds]);
  return rows;
}

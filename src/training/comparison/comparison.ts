import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { Split } from "../../core/enumerations.js";
import { lowerIsBetter } from "../../core/metrics/epoch-metrics.js";
import { recordedValues } from "../../core/settings/recorded-values.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { classFigures } from "../evaluation/evaluate-predictions.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import type { MetricSummaryRecord, RunRecord } from "../record/run-records.js";
import type { RunStore } from "../record/run-store.js";
import { type AlignedCurve, alignEpochs } from "./aligned-curves.js";
import { type ClassComparison, compareClasses } from "./class-comparison.js";
import { type Difference, differencesBetween, fieldsByPath } from "./differences.js";

const MIN_RUNS = 2;
const MAX_RUNS = 10;

/** The differences of runs. Every list of values is in the order of `runs`. */
export interface RunComparisonRecord {
  readonly runs: readonly RunRecord[];
  readonly configuration: readonly Difference[];
  readonly data: readonly Difference[];
  readonly environment: readonly Difference[];
  /** The metrics that at least one of the runs has, by key. */
  readonly metrics: readonly MetricComparison[];
}

export interface MetricComparison {
  readonly key: string;
  /** Null for a run without a finite value. */
  readonly best: readonly (number | null)[];
  /** May be NaN or infinite; null for a run without the metric. */
  readonly last: readonly (number | null)[];
  /** Id of the run with the best value; null when several have it or none has a value. */
  readonly bestRunId: string | null;
}

/** Finds why one run is better than another. */
export class RunComparer {
  constructor(
    private readonly runs: RunStore,
    private readonly datasets: DatasetStore,
    private readonly evaluations: EvaluationStore,
  ) {}

  /** @throws AppError `COMPARISON_INVALID`, `RUN_NOT_FOUND` */
  async compareRuns(runIds: readonly string[]): Promise<RunComparisonRecord> {
    const runs = await this.#find(runIds);
    const [versions, summaries] = await Promise.all([this.#dataOf(runs), this.runs.summaries(runIds)]);
    return {
      runs,
      configuration: differencesBetween(runs.map((run) => recordedValues(run.configuration))),
      data: differencesBetween(runs.map((run) => fieldsByPath(versions.get(run.datasetVersionId) ?? null))),
      environment: differencesBetween(runs.map((run) => fieldsByPath(run.environment))),
      metrics: compareMetrics(runIds, summaries),
    };
  }

  /**
   * Aligns the curves of each metric over the epochs that at least one of the runs has.
   *
   * @throws AppError `METRIC_UNKNOWN`
   */
  async alignCurves(runs: readonly RunRecord[], keys: readonly string[]): Promise<readonly AlignedCurve[]> {
    const runIds = runs.map(({ id }) => id);
    const epochs = await this.runs.epochsOf(runIds);
    return keys.map((key) =>
      alignEpochs(
        key,
        runIds.map((runId) => ({ runId, epochs: epochs.get(runId) ?? [] })),
      ),
    );
  }

  /** The classes of the runs, each with the F1 of the best checkpoints on the validation split. */
  async compareClasses(runs: readonly RunRecord[]): Promise<readonly ClassComparison[]> {
    const [versions, evaluations] = await Promise.all([
      this.datasets.findVersions([...new Set(runs.map((run) => run.datasetVersionId))]),
      this.evaluations.ofRuns(runs.map(({ id }) => id)),
    ]);
    const classes = runs.map(async ({ id, datasetVersionId }) => {
      const classNames = versions.find((version) => version.id === datasetVersionId)?.classNames ?? [];
      const validation = evaluations.find(({ runId, split }) => runId === id && split === "VALIDATION");
      const confusion = validation === undefined ? null : await this.evaluations.confusion(validation.id);
      return { classNames, figures: confusion === null ? [] : classFigures(confusion, classNames.length) };
    });
    return compareClasses(await Promise.all(classes));
  }

  /** Finds the runs, in the order of the ids. */
  async #find(runIds: readonly string[]): Promise<readonly RunRecord[]> {
    const different = new Set(runIds).size;
    if (different < MIN_RUNS || different > MAX_RUNS || different !== runIds.length) {
      throw new AppError(
        "COMPARISON_INVALID",
        `A comparison takes ${MIN_RUNS} to ${MAX_RUNS} different runs. Received ${runIds.length}` +
          `${different === runIds.length ? "" : ", of which some are the same"}.`,
        { path: ["runIds"] },
      );
    }
    const found = new Map((await this.runs.find(runIds)).map((run) => [run.id, run]));
    return runIds.map((id) => {
      const run = found.get(id);
      if (run !== undefined) return run;
      throw new AppError("RUN_NOT_FOUND", `There is no run with the id ${JSON.stringify(id)}.`, {
        path: ["runIds"],
      });
    });
  }

  /** The data of the runs, by the id of the dataset version. */
  async #dataOf(runs: readonly RunRecord[]): Promise<ReadonlyMap<string, DataOfRun>> {
    const ids = [...new Set(runs.map((run) => run.datasetVersionId))];
    const [versions, counts] = await Promise.all([
      this.datasets.findVersions(ids),
      this.datasets.splitCountsOf(ids),
    ]);
    return new Map(versions.map((version) => [version.id, dataOf(version, counts.get(version.id) ?? [])]));
  }
}

type DataOfRun = ReturnType<typeof dataOf>;

function dataOf(version: DatasetVersionRecord, counts: readonly { split: Split; sampleCount: number }[]) {
  const countOf = (split: Split): number => counts.find((count) => count.split === split)?.sampleCount ?? 0;
  return {
    dataset: version.datasetName,
    version: version.number,
    hash: version.hash,
    classes: version.classNames,
    sampleCount: version.sampleCount,
    splitSeed: version.splitSeed,
    splits: { train: countOf("TRAIN"), validation: countOf("VALIDATION"), test: countOf("TEST") },
  };
}

/** @param summaries of the runs, in any order */
export function compareMetrics(
  runIds: readonly string[],
  summaries: readonly MetricSummaryRecord[],
): readonly MetricComparison[] {
  const keys = [...new Set(summaries.map(({ key }) => key))].sort();
  return keys.map((key) => {
    const ofRuns = runIds.map((runId) =>
      summaries.find((summary) => summary.runId === runId && summary.key === key),
    );
    const best = ofRuns.map((summary) => summary?.bestValue ?? null);
    return {
      key,
      best,
      last: ofRuns.map((summary) => summary?.lastValue ?? null),
      bestRunId: betterRun(key, runIds, best),
    };
  });
}

function betterRun(key: string, runIds: readonly string[], best: readonly (number | null)[]): string | null {
  const values = best.filter((value) => value !== null);
  const top = lowerIsBetter(key) ? Math.min(...values) : Math.max(...values);
  const holders = runIds.filter((_runId, index) => best[index] === top);
  return holders.length === 1 ? (holders[0] ?? null) : null;
}

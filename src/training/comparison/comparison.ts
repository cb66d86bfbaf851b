import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { MonitoredMetric, Split } from "../../core/enumerations.js";
import type { EpochMetricValues } from "../../core/metrics/epoch-metrics.js";
import { lossValues, recordedValues } from "../../core/settings/recorded-values.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { classFigures } from "../evaluation/evaluate-predictions.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import type { RunRecord } from "../record/run-records.js";
import type { RunStore } from "../record/run-store.js";
import { type AlignedCurve, alignEpochs } from "./aligned-curves.js";
import { type ClassComparison, compareClasses } from "./class-comparison.js";
import { type Difference, differencesBetween, fieldsByPath } from "./differences.js";
import { type CommonGround, compareMetrics, type MetricComparison } from "./metric-comparison.js";

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
  /** Null for a run without a checkpoint. */
  readonly selected: readonly (SelectedCheckpoint | null)[];
}

/** The best checkpoint of a run by the metric that it monitors: the one that is tested and registered. */
export interface SelectedCheckpoint {
  readonly runId: string;
  readonly epoch: number;
  readonly monitor: MonitoredMetric;
  readonly metrics: EpochMetricValues;
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
    const [versions, summaries, selected] = await Promise.all([
      this.#dataOf(runs),
      this.runs.summaries(runIds),
      this.#selected(runs),
    ]);
    const metricsSelected = new Map(
      selected.flatMap((checkpoint) =>
        checkpoint === null ? [] : [[checkpoint.runId, checkpoint.metrics] as const],
      ),
    );
    return {
      runs,
      configuration: differencesBetween(runs.map((run) => recordedValues(run.configuration))),
      data: differencesBetween(runs.map((run) => fieldsByPath(versions.get(run.datasetVersionId) ?? null))),
      environment: differencesBetween(runs.map((run) => fieldsByPath(run.environment))),
      metrics: compareMetrics(runIds, summaries, metricsSelected, commonGround(runs)),
      selected,
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

  async #selected(runs: readonly RunRecord[]): Promise<readonly (SelectedCheckpoint | null)[]> {
    const epochs = await this.runs.bestEpochs(runs.map(({ id }) => id));
    return runs.map(({ id: runId, configuration }) => {
      const epoch = epochs.get(runId);
      if (epoch === undefined) return null;
      const { number, seconds: _, ...metrics } = epoch;
      return { runId, epoch: number, monitor: configuration.monitor, metrics };
    });
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

function commonGround(runs: readonly RunRecord[]): CommonGround {
  return {
    dataset: new Set(runs.map(({ datasetVersionId }) => datasetVersionId)).size === 1,
    loss: differencesBetween(runs.map(({ configuration }) => lossValues(configuration))).length === 0,
  };
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

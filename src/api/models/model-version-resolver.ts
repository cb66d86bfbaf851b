import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import { type EpochMetricValues, epochMetricPoints } from "../../core/metrics/epoch-metrics.js";
import type { ModelExportRecord } from "../../exports/jobs/export-records.js";
import type { ExportStore } from "../../exports/jobs/export-store.js";
import type { ModelRecord, ModelVersionRecord } from "../../registry/model-records.js";
import { modelVersionName } from "../../registry/model-ref.js";
import type { EvaluationRecord } from "../../training/evaluation/evaluation-records.js";
import { type PrunedNetworkRecord, prunedNetworkOf } from "../../training/record/pruned-network.js";
import type { MetricSummaryRecord, RunRecord } from "../../training/record/run-records.js";
import { RunConfiguration } from "../configuration/run-configuration.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import { Split } from "../datasets/split.js";
import { Evaluation } from "../evaluations/evaluation.js";
import { ModelExportConnection } from "../exports/model-export.js";
import { EpochMetrics } from "../metrics/epoch-metrics.js";
import { MetricSummary } from "../metrics/metric-summary.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import type { RequestContext } from "../request-context.js";
import { PrunedNetwork } from "../runs/pruned-network.js";
import { Run } from "../runs/run.js";
import { Model } from "./model.js";
import { type ArchiveRecord, archiveOf, ModelArchive } from "./model-archive.js";
import { ModelInput } from "./model-input.js";
import { ModelVersion } from "./model-version.js";

@Resolver(() => ModelVersion)
export class ModelVersionResolver {
  constructor(private readonly exportStore: ExportStore) {}

  @FieldResolver(() => Model, { description: "The model that this is a version of." })
  model(@Root() version: ModelVersionRecord, @Ctx() { loaders }: RequestContext): Promise<ModelRecord> {
    return loaders.model.load(version.modelId);
  }

  @FieldResolver(() => String, { description: 'Reference to this version in inputs, such as "flowers:3".' })
  ref(@Root() version: ModelVersionRecord): string {
    return modelVersionName(version);
  }

  @FieldResolver(() => ModelArchive, { description: "The exported files for download." })
  archive(@Root() version: ModelVersionRecord): ArchiveRecord {
    return archiveOf(version);
  }

  @FieldResolver(() => ModelExportConnection, {
    description: "Files that were made from the version for other programs, newest first.",
  })
  async exports(
    @Root() version: ModelVersionRecord,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<ModelExportRecord>> {
    return new Connection(await this.exportStore.list(version.id, pageRequest(page)));
  }

  @FieldResolver(() => Run, { description: "The run that trained this version." })
  run(@Root() version: ModelVersionRecord, @Ctx() { loaders }: RequestContext): Promise<RunRecord> {
    return loaders.run.load(version.runId);
  }

  @FieldResolver(() => DatasetVersion, { description: "The dataset version that the run trained on." })
  datasetVersion(
    @Root() version: ModelVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(version.datasetVersionId);
  }

  @FieldResolver(() => [String], {
    description: "Names of the aliases that point to this version, sorted by name.",
  })
  async aliases(
    @Root() version: ModelVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly string[]> {
    return (await loaders.aliasesOfVersion.load(version.id)).map((alias) => alias.name);
  }

  @FieldResolver(() => RunConfiguration, {
    nullable: true,
    description:
      "How its run was configured when the version was registered. `extendRun` does not change it. Null for a version " +
      "of an earlier release whose run was extended since then.",
  })
  configuration(@Root() { configuration, parameterCount }: ModelVersionRecord): RunConfiguration | null {
    return configuration === null ? null : { ...configuration, parameterCount };
  }

  @FieldResolver(() => PrunedNetwork, {
    nullable: true,
    description: "What pruning left of the network. Null when it has the widths of its architecture.",
  })
  async pruned(
    @Root() version: ModelVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<PrunedNetworkRecord | null> {
    return prunedNetworkOf(await loaders.run.load(version.runId));
  }

  @FieldResolver(() => ModelInput, {
    description: "The images that the version takes and the classes that it answers with.",
  })
  input(@Root() { inputContract, classNames }: ModelVersionRecord): ModelInput {
    const { signature, input, imageSizePixels, channelOrder, valueRange, preprocessing } = inputContract;
    const [minimumValue, maximumValue] = valueRange;
    const { name: tensor, dtype: dataType } = input;
    const values = { channelOrder, minimumValue, maximumValue, preprocessing };
    return { signature, tensor, dataType, imageSizePixels, ...values, classNames };
  }

  @FieldResolver(() => EpochMetrics, {
    nullable: true,
    description:
      "Metrics of the epoch whose weights the version has, which no later epoch changes. Null for a version of an " +
      "earlier release whose epoch is not recorded any more.",
  })
  epochMetrics(@Root() { metrics }: ModelVersionRecord): EpochMetricValues | null {
    return metrics;
  }

  @FieldResolver(() => Evaluation, {
    nullable: true,
    description:
      "Scores of exactly the weights that the version has. They never change. VALIDATION has them at once. TEST has them " +
      "if the run had succeeded, or as soon as it succeeds with these weights as its best; a run that finds better " +
      "weights tests only those, and TEST stays null. Null also for a split without images, for TRAIN, and for a version " +
      "of an earlier release whose scores were replaced.",
  })
  async evaluation(
    @Root() version: ModelVersionRecord,
    @Arg("split", () => Split, {
      defaultValue: Split.VALIDATION,
      description: "The split to get the scores for.",
    })
    split: Split,
    @Ctx() { loaders }: RequestContext,
  ): Promise<EvaluationRecord | null> {
    const ids: Readonly<Partial<Record<Split, number | null>>> = {
      VALIDATION: version.validationEvaluationId,
      TEST: version.testEvaluationId,
    };
    const id = ids[split] ?? null;
    return id === null ? null : loaders.evaluation.load(id);
  }

  @FieldResolver(() => [MetricSummary], {
    deprecationReason: "Use `epochMetrics`, which has the same values by name.",
    description:
      "Metrics of the epoch whose weights the version has, sorted by key: `last` and `best` are both the value of this " +
      "epoch. Empty when `epochMetrics` is null.",
  })
  metrics(@Root() { runId, epoch, metrics }: ModelVersionRecord): readonly MetricSummaryRecord[] {
    return metrics === null ? [] : summariesOfEpoch(runId, epoch, metrics);
  }
}

/** The metrics of one epoch as those of a run that has no other. */
function summariesOfEpoch(
  runId: string,
  bestEpoch: number,
  metrics: EpochMetricValues,
): readonly MetricSummaryRecord[] {
  return epochMetricPoints(metrics, 0)
    .map(({ key, value }) => ({
      runId,
      key,
      lastValue: value,
      ...(Number.isFinite(value) ? { bestValue: value, bestEpoch } : { bestValue: null, bestEpoch: null }),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

import type { Limits } from "../core/config.js";
import { CreateAccessTokenResolver } from "./access/mutations/create-access-token.js";
import { RevokeAccessTokenResolver } from "./access/mutations/revoke-access-token.js";
import { AccessTokensResolver } from "./access/queries/access-tokens.js";
import type { ApiServices } from "./api-services.js";
import { CurveSeriesResolver } from "./comparisons/aligned-curve.js";
import { ComparedModelResolver } from "./comparisons/compared-model.js";
import { MetricComparisonResolver } from "./comparisons/metric-comparison.js";
import { CompareModelsResolver } from "./comparisons/queries/compare-models.js";
import { CompareRunsResolver } from "./comparisons/queries/compare-runs.js";
import { RunComparisonResolver } from "./comparisons/run-comparison.js";
import { SelectedCheckpointResolver } from "./comparisons/selected-checkpoint.js";
import { InitializationResolver } from "./configuration/initialization.js";
import { DatasetResolver } from "./datasets/dataset-resolver.js";
import { DatasetVersionResolver } from "./datasets/dataset-version-resolver.js";
import { ImportEventResolver } from "./datasets/import-event.js";
import { ImportDatasetResolver } from "./datasets/mutations/import-dataset.js";
import { DatasetQueryResolver } from "./datasets/queries/dataset.js";
import { DatasetVersionQueryResolver } from "./datasets/queries/dataset-version.js";
import { DatasetsResolver } from "./datasets/queries/datasets.js";
import { ImportEventsResolver } from "./datasets/subscriptions/import-events.js";
import { EvaluationResolver } from "./evaluations/evaluation-resolver.js";
import { RunEvaluationResolver } from "./evaluations/run-evaluation-resolver.js";
import { ExperimentResolver } from "./experiments/experiment-resolver.js";
import { CreateExperimentResolver } from "./experiments/mutations/create-experiment.js";
import { UpdateExperimentResolver } from "./experiments/mutations/update-experiment.js";
import { ExperimentQueryResolver } from "./experiments/queries/experiment.js";
import { ExperimentsResolver } from "./experiments/queries/experiments.js";
import { ExportEventResolver } from "./exports/export-event.js";
import { ModelExportResolver } from "./exports/model-export-resolver.js";
import { CancelExportResolver } from "./exports/mutations/cancel-export.js";
import { ExportModelVersionResolver } from "./exports/mutations/export-model-version.js";
import { ExportEventsResolver } from "./exports/subscriptions/export-events.js";
import { MetricPointResolver } from "./metrics/metric-point.js";
import { MetricValueResolver } from "./metrics/metric-value.js";
import { RunMetricsResolver } from "./metrics/run-metrics-resolver.js";
import { ModelAliasResolver } from "./models/model-alias.js";
import { ModelArchiveResolver } from "./models/model-archive.js";
import { ModelResolver } from "./models/model-resolver.js";
import { ModelVersionResolver } from "./models/model-version-resolver.js";
import { RegisterModelVersionResolver } from "./models/mutations/register-model-version.js";
import { SetModelAliasResolver } from "./models/mutations/set-model-alias.js";
import { ModelQueryResolver } from "./models/queries/model.js";
import { ModelVersionQueryResolver } from "./models/queries/model-version.js";
import { ModelsResolver } from "./models/queries/models.js";
import { ClassifyResolver } from "./predictions/mutations/classify.js";
import { NodeResolver } from "./relay/queries/node.js";
import { ArtifactResolver } from "./runs/artifact.js";
import { CancelRunResolver } from "./runs/mutations/cancel-run.js";
import { DeleteRunResolver } from "./runs/mutations/delete-run.js";
import { ExtendRunResolver } from "./runs/mutations/extend-run.js";
import { LaunchRunResolver } from "./runs/mutations/launch-run.js";
import { PauseRunResolver } from "./runs/mutations/pause-run.js";
import { ResumeRunResolver } from "./runs/mutations/resume-run.js";
import { RetryRunResolver } from "./runs/mutations/retry-run.js";
import { RunQueryResolver } from "./runs/queries/run.js";
import { RunsResolver } from "./runs/queries/runs.js";
import { RunEventResolver } from "./runs/run-event.js";
import { RunResolver } from "./runs/run-resolver.js";
import { RunEventsResolver } from "./runs/subscriptions/run-events.js";
import { AugmentationPreviewResolver } from "./samples/augmentation-preview.js";
import { SampleResolver } from "./samples/sample.js";
import { EngineResolver } from "./system/engine.js";
import { SystemQueryResolver } from "./system/queries/system.js";
import { SystemResolver } from "./system/system.js";
import { CreateUploadResolver } from "./uploads/mutations/create-upload.js";

/** The services of the application, and the facts about this server that `system` returns. */
export interface ResolverServices extends ApiServices {
  readonly limits: Limits;
  readonly version: string;
}

type ResolverClass = new (...dependencies: never[]) => object;

type Construction = readonly [type: ResolverClass, create: (services: ResolverServices) => object];

/** Every class with resolvers and how it is constructed; the schema consists of their fields and types. */
const CONSTRUCTIONS: readonly [Construction, ...Construction[]] = [
  [NodeResolver, ({ accessTokens }) => new NodeResolver(accessTokens)],

  [AccessTokensResolver, ({ accessTokens }) => new AccessTokensResolver(accessTokens)],
  [CreateAccessTokenResolver, ({ accessTokens }) => new CreateAccessTokenResolver(accessTokens)],
  [RevokeAccessTokenResolver, ({ accessTokens }) => new RevokeAccessTokenResolver(accessTokens)],

  [
    SystemQueryResolver,
    ({ version, engine, trainer, limits }) => new SystemQueryResolver(version, engine.info, trainer, limits),
  ],
  [SystemResolver, ({ engine, precisions }) => new SystemResolver(engine.info, precisions)],
  [EngineResolver, () => new EngineResolver()],

  [CreateUploadResolver, ({ uploads }) => new CreateUploadResolver(uploads)],
  [ImportDatasetResolver, ({ importer }) => new ImportDatasetResolver(importer)],
  [ImportEventsResolver, () => new ImportEventsResolver()],
  [ImportEventResolver, () => new ImportEventResolver()],
  [DatasetQueryResolver, ({ datasets }) => new DatasetQueryResolver(datasets)],
  [DatasetsResolver, ({ datasets }) => new DatasetsResolver(datasets)],
  [DatasetResolver, ({ datasets }) => new DatasetResolver(datasets)],
  [DatasetVersionQueryResolver, ({ datasets }) => new DatasetVersionQueryResolver(datasets)],
  [DatasetVersionResolver, ({ datasets }) => new DatasetVersionResolver(datasets)],
  [AugmentationPreviewResolver, () => new AugmentationPreviewResolver()],
  [SampleResolver, () => new SampleResolver()],

  [ExperimentQueryResolver, ({ experiments }) => new ExperimentQueryResolver(experiments)],
  [ExperimentsResolver, ({ experiments }) => new ExperimentsResolver(experiments)],
  [CreateExperimentResolver, ({ experiments }) => new CreateExperimentResolver(experiments)],
  [UpdateExperimentResolver, ({ experiments }) => new UpdateExperimentResolver(experiments)],
  [ExperimentResolver, ({ runs }) => new ExperimentResolver(runs)],

  [RunQueryResolver, () => new RunQueryResolver()],
  [RunsResolver, ({ runs }) => new RunsResolver(runs)],
  [LaunchRunResolver, ({ launcher }) => new LaunchRunResolver(launcher)],
  [CancelRunResolver, ({ control }) => new CancelRunResolver(control)],
  [PauseRunResolver, ({ control }) => new PauseRunResolver(control)],
  [ResumeRunResolver, ({ control }) => new ResumeRunResolver(control)],
  [RetryRunResolver, ({ control }) => new RetryRunResolver(control)],
  [ExtendRunResolver, ({ control }) => new ExtendRunResolver(control)],
  [DeleteRunResolver, ({ deletion }) => new DeleteRunResolver(deletion)],
  [RunEventsResolver, () => new RunEventsResolver()],
  [RunEventResolver, () => new RunEventResolver()],
  [RunResolver, ({ runEvents }) => new RunResolver(runEvents)],
  [InitializationResolver, () => new InitializationResolver()],
  [ArtifactResolver, () => new ArtifactResolver()],
  [RunMetricsResolver, ({ metrics }) => new RunMetricsResolver(metrics)],
  [MetricValueResolver, () => new MetricValueResolver()],
  [MetricPointResolver, () => new MetricPointResolver()],
  [RunEvaluationResolver, () => new RunEvaluationResolver()],
  [EvaluationResolver, () => new EvaluationResolver()],

  [CompareRunsResolver, ({ comparison }) => new CompareRunsResolver(comparison)],
  [
    RunComparisonResolver,
    ({ comparison, disagreements }) => new RunComparisonResolver(comparison, disagreements),
  ],
  [CurveSeriesResolver, () => new CurveSeriesResolver()],
  [MetricComparisonResolver, () => new MetricComparisonResolver()],
  [
    CompareModelsResolver,
    ({ modelComparer, engine }) => new CompareModelsResolver(modelComparer, engine.info),
  ],
  [ComparedModelResolver, () => new ComparedModelResolver()],
  [SelectedCheckpointResolver, () => new SelectedCheckpointResolver()],

  [ModelQueryResolver, ({ models }) => new ModelQueryResolver(models)],
  [ModelsResolver, ({ models }) => new ModelsResolver(models)],
  [ModelResolver, ({ models }) => new ModelResolver(models)],
  [ModelAliasResolver, () => new ModelAliasResolver()],
  [ModelVersionQueryResolver, ({ models }) => new ModelVersionQueryResolver(models)],
  [ModelVersionResolver, ({ exports }) => new ModelVersionResolver(exports)],
  [ModelArchiveResolver, ({ modelArchives }) => new ModelArchiveResolver(modelArchives)],
  [RegisterModelVersionResolver, ({ registry }) => new RegisterModelVersionResolver(registry)],
  [SetModelAliasResolver, ({ registry }) => new SetModelAliasResolver(registry)],

  [ExportModelVersionResolver, ({ exporter }) => new ExportModelVersionResolver(exporter)],
  [CancelExportResolver, ({ exporter }) => new CancelExportResolver(exporter)],
  [ExportEventsResolver, () => new ExportEventsResolver()],
  [ExportEventResolver, () => new ExportEventResolver()],
  [ModelExportResolver, () => new ModelExportResolver()],

  [ClassifyResolver, ({ classifier }) => new ClassifyResolver(classifier)],
];

const [[first], ...others] = CONSTRUCTIONS;
export const RESOLVERS = [first, ...others.map(([type]) => type)] as const;

export interface ResolverContainer {
  get(resolver: ResolverClass): object;
}

/** Makes each resolver once, with the services that it needs. */
export function createResolvers(services: ResolverServices): ResolverContainer {
  const resolvers = new Map(CONSTRUCTIONS.map(([type, create]) => [type, create(services)]));
  return {
    get(resolver) {
      const instance = resolvers.get(resolver);
      if (instance === undefined) throw new Error(`No instance of ${resolver.name} was made.`);
      return instance;
    },
  };
}

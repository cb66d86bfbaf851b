import type { Limits } from "../core/config.js";
import { AccessTokenResolver } from "./access/queries/access-tokens.js";
import type { ApiServices } from "./api-services.js";
import {
  ComparisonResolver,
  CurveSeriesResolver,
  MetricComparisonResolver,
} from "./comparisons/run-comparison-resolver.js";
import { InitializationResolver } from "./configuration/initialization.js";
import { DatasetResolver } from "./datasets/dataset-resolver.js";
import { DatasetVersionResolver } from "./datasets/dataset-version-resolver.js";
import { ImportEventResolver } from "./datasets/import-event-resolver.js";
import { ImportResolver } from "./datasets/import-resolver.js";
import { EvaluationResolver, RunEvaluationResolver } from "./evaluations/evaluation-resolver.js";
import { ExperimentResolver } from "./experiments/experiment-resolver.js";
import { MetricPointResolver } from "./metrics/metric-history.js";
import { MetricValueResolver } from "./metrics/metric-value.js";
import { RunMetricPointsResolver } from "./metrics/run-metrics-resolver.js";
import { ModelAliasResolver } from "./models/model-alias.js";
import { ModelResolver } from "./models/model-resolver.js";
import { ModelVersionResolver } from "./models/model-version-resolver.js";
import { RegistryResolver } from "./models/registry-resolver.js";
import { ClassifyResolver } from "./predictions/classify-resolver.js";
import { NodeResolver } from "./relay/queries/node.js";
import { ArtifactResolver, RunArtifactsResolver } from "./runs/artifact-resolver.js";
import { LaunchResolver } from "./runs/launch-resolver.js";
import { RunControlResolver } from "./runs/run-control-resolver.js";
import { RunEventResolver } from "./runs/run-event-resolver.js";
import { RunResolver } from "./runs/run-resolver.js";
import { SampleResolver } from "./samples/sample-resolver.js";
import { EngineResolver, SystemResolver } from "./system/system-resolver.js";

/** Every class with resolvers; the schema is what they and the types that they name say. */
export const RESOLVERS = [
  NodeResolver,
  SystemResolver,
  EngineResolver,
  DatasetResolver,
  DatasetVersionResolver,
  SampleResolver,
  ImportResolver,
  ImportEventResolver,
  ExperimentResolver,
  RunResolver,
  RunEvaluationResolver,
  EvaluationResolver,
  RunArtifactsResolver,
  ArtifactResolver,
  InitializationResolver,
  LaunchResolver,
  RunControlResolver,
  RunEventResolver,
  MetricValueResolver,
  MetricPointResolver,
  RunMetricPointsResolver,
  ComparisonResolver,
  CurveSeriesResolver,
  MetricComparisonResolver,
  ModelResolver,
  ModelAliasResolver,
  ModelVersionResolver,
  RegistryResolver,
  ClassifyResolver,
  AccessTokenResolver,
] as const;

export interface ResolverContainer {
  get(resolver: (typeof RESOLVERS)[number]): object;
}

/** Makes each resolver once, with the services that it needs. */
export function createResolvers(services: ApiServices, limits: Limits, version: string): ResolverContainer {
  const resolvers = new Map<unknown, object>(
    [
      new NodeResolver(services.accessTokens),
      new SystemResolver(version, services.engine.info, services.trainer, limits, services.precisions),
      new EngineResolver(),
      new DatasetResolver(services.datasets),
      new DatasetVersionResolver(services.datasets),
      new SampleResolver(),
      new ImportResolver(services.uploads, services.importer),
      new ImportEventResolver(),
      new ExperimentResolver(services.experiments, services.runs),
      new RunResolver(services.runs, services.metrics, services.runEvents),
      new RunEvaluationResolver(),
      new EvaluationResolver(),
      new RunArtifactsResolver(),
      new ArtifactResolver(),
      new InitializationResolver(),
      new LaunchResolver(services.launcher),
      new RunControlResolver(services.control, services.deletion),
      new RunEventResolver(),
      new MetricValueResolver(),
      new MetricPointResolver(),
      new RunMetricPointsResolver(services.metrics),
      new ComparisonResolver(services.comparison, services.disagreements),
      new CurveSeriesResolver(),
      new MetricComparisonResolver(),
      new ModelResolver(services.models),
      new ModelAliasResolver(),
      new ModelVersionResolver(services.models),
      new RegistryResolver(services.registry),
      new ClassifyResolver(services.classifier),
      new AccessTokenResolver(services.accessTokens),
    ].map((resolver) => [resolver.constructor, resolver]),
  );
  return {
    get(resolver) {
      const instance = resolvers.get(resolver);
      if (instance === undefined) throw new Error(`No instance of ${resolver.name} was made.`);
      return instance;
    },
  };
}

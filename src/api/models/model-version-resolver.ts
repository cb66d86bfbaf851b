import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { ModelRecord, ModelVersionRecord } from "../../registry/model-records.js";
import type { MetricSummaryRecord, RunRecord } from "../../training/record/run-records.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import { MetricSummary } from "../metrics/metric-summary.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { Model } from "./model.js";
import { ModelVersion } from "./model-version.js";

@Resolver(() => ModelVersion)
export class ModelVersionResolver {
  @FieldResolver(() => Model, { description: "The model that this is a version of." })
  model(@Root() version: ModelVersionRecord, @Ctx() { loaders }: RequestContext): Promise<ModelRecord> {
    return loaders.model.load(version.modelId);
  }

  @FieldResolver(() => String, { description: 'Reference to this version in inputs, such as "flowers:3".' })
  ref(@Root() version: ModelVersionRecord): string {
    return `${version.modelName}:${version.number}`;
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

  @FieldResolver(() => [MetricSummary], {
    description: "Last and best value of each metric of its run, sorted by key.",
  })
  metrics(
    @Root() version: ModelVersionRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly MetricSummaryRecord[]> {
    return loaders.metricSummaries.load(version.runId);
  }
}
